# Another torch, as far as find_package can tell.
set(TORCH_LIBRARIES torch)
if(NOT TARGET torch)
  add_library(torch INTERFACE IMPORTED)
endif()
