# SPDX-License-Identifier: MPL-2.0
# Makes the .deb of a build and unpacks it.

file(REMOVE_RECURSE ${PACKAGES} ${UNPACKED})
execute_process(
    COMMAND ${CMAKE_CPACK_COMMAND} -G DEB -B ${PACKAGES} --config ${BUILD_DIR}/CPackConfig.cmake
            COMMAND_ERROR_IS_FATAL ANY)
file(GLOB package ${PACKAGES}/*.deb)
execute_process(COMMAND ${DPKG_DEB} --extract ${package} ${UNPACKED} COMMAND_ERROR_IS_FATAL ANY)
