# SPDX-License-Identifier: MPL-2.0
# `cmake --install`: headers, library, and what find_package and pkg-config look for; `cpack`: a .deb. The modules' are in mioco-module.cmake.

include(CMakePackageConfigHelpers)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(
    TARGETS mioco
    EXPORT mioco-targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT mioco-targets NAMESPACE mioco:: DESTINATION ${MIOCO_PACKAGE_DIR})

install(FILES ${PROJECT_SOURCE_DIR}/src/debug/gdb/mioco-gdb.py
        DESTINATION ${CMAKE_INSTALL_DATADIR}/mioco)

configure_package_config_file(
    ${PROJECT_SOURCE_DIR}/cmake/mioco-config.cmake.in ${PROJECT_BINARY_DIR}/mioco-config.cmake
    INSTALL_DESTINATION ${MIOCO_PACKAGE_DIR})
# Before 1.0 a minor release may break what it likes.
write_basic_package_version_file(
    ${PROJECT_BINARY_DIR}/mioco-config-version.cmake
    VERSION ${PROJECT_VERSION}
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/mioco-config.cmake
              ${PROJECT_BINARY_DIR}/mioco-config-version.cmake DESTINATION ${MIOCO_PACKAGE_DIR})

mioco_install_pc(mioco mioco.pc.in)

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME libmioco-dev)
set(CPACK_PACKAGE_VENDOR "mioco")
set(CPACK_PACKAGE_CONTACT "The mioco developers")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libc6-dev, libstdc++-dev | libstdc++-12-dev")
# Only who links a module needs what that links.
get_property(module_packages GLOBAL PROPERTY MIOCO_MODULE_PACKAGES)
list(JOIN module_packages ", " CPACK_DEBIAN_PACKAGE_SUGGESTS)
set(CPACK_STRIP_FILES OFF)
include(CPack)
