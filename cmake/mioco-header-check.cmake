# SPDX-License-Identifier: MPL-2.0
# Each public header must compile when it is the first and only one included. Beside them stands a
# file that includes all, for clang-tidy.

file(GLOB_RECURSE public_headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include
     ${PROJECT_SOURCE_DIR}/include/*.hpp)
set(check_dir ${PROJECT_BINARY_DIR}/header_check)
set(all_headers "")
add_library(mioco_header_check OBJECT ${check_dir}/all_headers.cpp)
foreach(header IN LISTS public_headers)
    string(REGEX REPLACE "[/.]" "_" name ${header})
    set(include_line "#include <${header}>\n")
    file(CONFIGURE OUTPUT ${check_dir}/${name}.cpp CONTENT "${include_line}")
    target_sources(mioco_header_check PRIVATE ${check_dir}/${name}.cpp)
    string(APPEND all_headers "${include_line}")
endforeach()
file(CONFIGURE OUTPUT ${check_dir}/all_headers.cpp CONTENT "${all_headers}")
mioco_build_settings(mioco_header_check)
target_compile_options(mioco_header_check PRIVATE -fsyntax-only)
target_link_libraries(mioco_header_check PRIVATE mioco::mioco)
