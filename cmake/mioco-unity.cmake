# SPDX-License-Identifier: MPL-2.0
# With MIOCO_UNITY the sources of each folder of src are one translation unit, so that what they include is parsed once. CMake leaves out
# what has options of its own.

foreach(source IN LISTS MIOCO_SOURCES)
    file(RELATIVE_PATH group ${PROJECT_SOURCE_DIR} ${source})
    get_filename_component(group ${group} DIRECTORY)
    string(MAKE_C_IDENTIFIER ${group} group)
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${group})
endforeach()
# Its accessor must not be seen by optimizers that look across functions.
set_source_files_properties(src/fiber/eh_globals.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
set_target_properties(
    mioco PROPERTIES UNITY_BUILD ${MIOCO_UNITY} UNITY_BUILD_MODE GROUP UNITY_BUILD_CODE_BEFORE_INCLUDE
                     "// NOLINTNEXTLINE(bugprone-suspicious-include)")
