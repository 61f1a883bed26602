# SPDX-License-Identifier: MPL-2.0
# Modules: libraries beside the core, for those who have what they need. A folder of `modules` is one, and has
#   needs.cmake      looks for what it links, and makes a target of that; what lacks it puts into mioco_NAME_LACKS. It is installed, too, and
#                    so included by find_package(mioco COMPONENTS NAME)
#   CMakeLists.txt   calls mioco_module
#   include, src     its headers, and its sources

set(MIOCO_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/mioco)

# mioco_install_pc(FILE TEMPLATE): FILE.pc for pkg-config. `cmake --install --prefix` tells the prefix, so that comes in then; straight into the
# place, as what root installs must leave nothing of root's in the build folder.
function(mioco_install_pc file template)
    set(pc_prefix @CMAKE_INSTALL_PREFIX@)
    set(unfinished ${CMAKE_CURRENT_BINARY_DIR}/${file}.pc.in)
    set(installed ${CMAKE_INSTALL_LIBDIR}/pkgconfig/${file}.pc)
    configure_file(${PROJECT_SOURCE_DIR}/cmake/${template} ${unfinished} @ONLY)
    install(CODE "get_filename_component(CMAKE_INSTALL_PREFIX \"\${CMAKE_INSTALL_PREFIX}\" ABSOLUTE)
message(STATUS \"Installing: \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${installed}\")
configure_file(
    \"${unfinished}\" \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${installed}\" @ONLY
    FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
list(APPEND CMAKE_INSTALL_MANIFEST_FILES \"\${CMAKE_INSTALL_PREFIX}/${installed}\")")
endfunction()

# mioco_offer_module(NAME WHAT): the option MIOCO_NAME, which is on where nothing is lacking; and the module, if it is on.
macro(mioco_offer_module name what)
    include(${PROJECT_SOURCE_DIR}/modules/${name}/needs.cmake)
    set(by_default OFF)
    if(NOT mioco_${name}_LACKS AND PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CROSSCOMPILING)
        set(by_default ON)
    endif()
    string(TOUPPER MIOCO_${name} option)
    option(${option} "Build mioco_${name}, which ${what}" ${by_default})
    if(${option})
        if(mioco_${name}_LACKS)
            message(FATAL_ERROR "${option} is on, but there is no ${mioco_${name}_LACKS} here")
        endif()
        add_subdirectory(modules/${name})
    endif()
endmacro()

# Headers, library, what find_package includes, and a file for pkg-config. What was not built is left out.
function(mioco_install_module name)
    install(CODE "if(NOT EXISTS \"$<TARGET_FILE:mioco_${name}>\")
    message(STATUS \"mioco_${name} was not built, and is not installed\")
    return()
endif()")
    install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    install(
        TARGETS mioco_${name}
        EXPORT mioco-${name}-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
    install(EXPORT mioco-${name}-targets NAMESPACE mioco:: DESTINATION ${MIOCO_PACKAGE_DIR})
    install(FILES needs.cmake DESTINATION ${MIOCO_PACKAGE_DIR} RENAME mioco-${name}-needs.cmake)
    mioco_install_pc(mioco-${name} mioco-module.pc.in)
endfunction()

# mioco_module(NAME DESCRIPTION text [LINK target...] [PKG_CONFIG module...] [DEBIAN package...]): the library mioco::NAME of the folder's
# sources. It links the targets, which are pkg-config's modules and Debian's packages.
function(mioco_module name)
    cmake_parse_arguments(PARSE_ARGV 1 module "" "DESCRIPTION" "LINK;PKG_CONFIG;DEBIAN")
    file(GLOB sources CONFIGURE_DEPENDS src/*.cpp)
    add_library(mioco_${name} ${sources})
    add_library(mioco::${name} ALIAS mioco_${name})
    mioco_build_settings(mioco_${name})
    target_include_directories(
        mioco_${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
                             $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(mioco_${name} PUBLIC mioco::mioco PRIVATE ${module_LINK})
    set_target_properties(mioco_${name} PROPERTIES EXPORT_NAME ${name} VERSION ${PROJECT_VERSION}
                                                   SOVERSION 0.1)
    add_dependencies(mioco_modules mioco_${name})

    # Who links an archive has to link what that needs.
    set(pc_requires "mioco = ${PROJECT_VERSION}")
    get_target_property(type mioco_${name} TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
        list(JOIN module_PKG_CONFIG ", " needed)
        string(APPEND pc_requires ", ${needed}")
    endif()
    if(MIOCO_INSTALL)
        mioco_install_module(${name})
        set_property(GLOBAL APPEND PROPERTY MIOCO_MODULE_PACKAGES ${module_DEBIAN})
    endif()
endfunction()

add_custom_target(mioco_modules)
