# tamis_library_settings(<target>): warnings, visibility and position-independent code, for our
# targets alone (never through global flags).
function(tamis_add_warnings target)
  target_compile_options(
    ${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang,AppleClang>:-Wall;-Wextra;-Wno-missing-field-initializers;-Wshadow;-Wnon-virtual-dtor;-Wold-style-cast>
  )
endfunction()

function(tamis_library_settings target)
  tamis_add_warnings(${target})
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF
                                             CXX_VISIBILITY_PRESET hidden)
  # Not in the archives: it would hide the standard library's inline functions too, and a program
  # that defines one of them hidden cannot be linked with a library that wants it (libtorch does).
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "MODULE_LIBRARY")
    set_target_properties(${target} PROPERTIES VISIBILITY_INLINES_HIDDEN ON)
  endif()
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/src")
endfunction()
