# SPDX-License-Identifier: MPL-2.0
# mioco::ares links c-ares, which has no package of its own for CMake everywhere.

find_path(MIOCO_CARES_INCLUDE ares.h DOC "Where the header of c-ares is")
find_library(MIOCO_CARES_LIBRARY cares DOC "The library c-ares")
mark_as_advanced(MIOCO_CARES_INCLUDE MIOCO_CARES_LIBRARY)
set(mioco_ares_LACKS "")
if(NOT MIOCO_CARES_INCLUDE OR NOT MIOCO_CARES_LIBRARY)
    set(mioco_ares_LACKS "c-ares (Debian's libc-ares-dev)")
elseif(NOT TARGET mioco::cares)
    add_library(mioco::cares UNKNOWN IMPORTED)
    set_target_properties(
        mioco::cares PROPERTIES IMPORTED_LOCATION ${MIOCO_CARES_LIBRARY}
                                INTERFACE_INCLUDE_DIRECTORIES ${MIOCO_CARES_INCLUDE})
endif()
