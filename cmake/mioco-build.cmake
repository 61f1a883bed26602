# SPDX-License-Identifier: MPL-2.0
# What every target of this project is built with.

find_package(Threads REQUIRED)

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
if(PROJECT_IS_TOP_LEVEL)
    set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
endif()

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
    set(MIOCO_SWITCH_SOURCE src/context/switch_x86_64.S)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(MIOCO_SWITCH_SOURCE src/context/switch_aarch64.S)
else()
    message(FATAL_ERROR "mioco has no context switch for \"${CMAKE_SYSTEM_PROCESSOR}\": "
                        "it knows x86_64 and aarch64")
endif()

if(MIOCO_SANITIZE STREQUAL "address")
    # The vptr check needs a free descriptor each time, and tests use them all up.
    set(MIOCO_SANITIZE_FLAGS -fsanitize=address,undefined -fno-sanitize=vptr
                             -fno-sanitize-recover=all)
elseif(MIOCO_SANITIZE STREQUAL "thread")
    set(MIOCO_SANITIZE_FLAGS -fsanitize=thread)
elseif(MIOCO_SANITIZE)
    message(FATAL_ERROR "MIOCO_SANITIZE=\"${MIOCO_SANITIZE}\": allowed are address, thread, "
                        "or nothing")
endif()

if(MIOCO_LTO)
    include(CheckIPOSupported)
    check_ipo_supported(LANGUAGES CXX)
endif()

# Warnings are errors in this project's own build only: what a later compiler adds must not break
# that of a user.
function(mioco_build_settings target)
    target_compile_features(${target} PRIVATE cxx_std_20)
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
    if(PROJECT_IS_TOP_LEVEL)
        target_compile_options(
            ${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Werror>)
        # GCC 12 at -O3 takes "text" + std::string for an overlapping copy (its bug 105651).
        if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
            target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
        endif()
    endif()
    if(MIOCO_SANITIZE)
        target_compile_options(
            ${target} PUBLIC $<$<COMPILE_LANGUAGE:CXX>:${MIOCO_SANITIZE_FLAGS}>)
        target_link_options(${target} PUBLIC ${MIOCO_SANITIZE_FLAGS})
    endif()
    if(MIOCO_LTO)
        set_target_properties(${target} PROPERTIES INTERPROCEDURAL_OPTIMIZATION ON)
    endif()
endfunction()

# A program of one source file, named after it, beside further sources or libraries.
function(mioco_program target source)
    get_filename_component(name ${source} NAME_WE)
    add_executable(${target} ${source})
    mioco_build_settings(${target})
    target_link_libraries(${target} PRIVATE mioco::mioco ${ARGN})
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name})
endfunction()

# A sanitizer looks at what runs, and parsing mioco's headers takes most of the time that a small program takes to build: there it is done
# once for all. Elsewhere each source includes what it uses, and nothing else.
if(MIOCO_SANITIZE)
    file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/precompiled.cpp CONTENT "")
    add_library(mioco_precompiled OBJECT EXCLUDE_FROM_ALL ${CMAKE_CURRENT_BINARY_DIR}/precompiled.cpp)
    mioco_build_settings(mioco_precompiled)
    target_link_libraries(mioco_precompiled PRIVATE mioco::mioco)
    target_precompile_headers(mioco_precompiled PRIVATE <mioco/mioco.hpp>)
endif()

function(mioco_reuse_precompiled target)
    if(MIOCO_SANITIZE)
        target_precompile_headers(${target} REUSE_FROM mioco_precompiled)
    endif()
endfunction()
