# SPDX-License-Identifier: MPL-2.0
# mioco::backtrace links elfutils' libdw, which has no package for CMake.

find_path(MIOCO_LIBDW_INCLUDE elfutils/libdwfl.h DOC "Where the headers of elfutils are")
find_library(MIOCO_LIBDW_LIBRARY dw DOC "The library libdw")
mark_as_advanced(MIOCO_LIBDW_INCLUDE MIOCO_LIBDW_LIBRARY)
set(mioco_backtrace_LACKS "")
if(NOT MIOCO_LIBDW_INCLUDE OR NOT MIOCO_LIBDW_LIBRARY)
    set(mioco_backtrace_LACKS "libdw (Debian's libdw-dev)")
elseif(NOT TARGET mioco::libdw)
    add_library(mioco::libdw UNKNOWN IMPORTED)
    set_target_properties(
        mioco::libdw PROPERTIES IMPORTED_LOCATION ${MIOCO_LIBDW_LIBRARY}
                                INTERFACE_INCLUDE_DIRECTORIES ${MIOCO_LIBDW_INCLUDE})
endif()
