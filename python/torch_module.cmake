# `_torch`: linked to torch_cpu and c10 alone, so that one wheel serves CPU and CUDA builds of torch;
# a CUDA build's own library is loaded by `import torch` and found through the dispatcher.
pybind11_add_module(_torch MODULE bindings/torch_module.cpp bindings/torch_maxsim.cpp)
# The archive by file name: linking the target would bring the whole of torch along.
add_dependencies(_torch tamis_torch)
target_link_libraries(_torch PRIVATE $<TARGET_FILE:tamis_torch> tamis_engine)
target_link_options(_torch PRIVATE $<$<PLATFORM_ID:Linux>:-Wl,--exclude-libs,ALL>)
tamis_library_settings(_torch)
# torch's interface brings its include folders, pybind11 among them, and its flags: only files go in.
target_link_libraries(_torch PRIVATE $<TARGET_FILE:torch_cpu> $<TARGET_FILE:c10>)
set_target_properties(_torch PROPERTIES INSTALL_RPATH "$ORIGIN/../torch/lib"
                                        INSTALL_RPATH_USE_LINK_PATH OFF)

set(build_info "${CMAKE_CURRENT_BINARY_DIR}/_build_info.py")
file(CONFIGURE OUTPUT "${build_info}" @ONLY
     CONTENT "\"\"\"What this build was made with; written by CMake.\"\"\"\n\nTORCH = \"@TAMIS_TORCH_MINOR@\"\n")
install(TARGETS _torch DESTINATION tamis COMPONENT python)
install(FILES "${build_info}" DESTINATION tamis COMPONENT python)

add_custom_target(python_dev_torch
  COMMAND ${CMAKE_COMMAND} -E copy_if_different $<TARGET_FILE:_torch> "${build_info}"
          "${CMAKE_CURRENT_SOURCE_DIR}/tamis/"
  DEPENDS _torch)
if(TARGET python_dev)
  add_dependencies(python_dev python_dev_torch)
endif()
