# Finds libtorch: where Torch_DIR or CMAKE_PREFIX_PATH say, else in the active Python's own torch.
# Sets TAMIS_TORCH_VERSION ("2.13.0") and TAMIS_TORCH_MINOR ("2.13"): TorchScript is outside
# torch's stable ABI, so what is built here serves that minor alone.
if(NOT Torch_DIR)
  find_package(Torch QUIET CONFIG)
endif()
if(NOT Torch_FOUND)
  # The interpreter a user has activated comes first on PATH; FindPython would take the newest.
  find_program(TAMIS_PYTHON_FOR_TORCH NAMES python3 python
               HINTS ENV VIRTUAL_ENV PATH_SUFFIXES bin Scripts)
  mark_as_advanced(TAMIS_PYTHON_FOR_TORCH)
  set(ask "${Python_EXECUTABLE}")
  if(NOT ask)
    set(ask "${TAMIS_PYTHON_FOR_TORCH}")
  endif()
  if(ask)
    # Found by its files and not imported: `import torch` takes seconds.
    execute_process(
      COMMAND "${ask}" -c "import importlib.util as u, os; s = u.find_spec('torch'); print(os.path.join(os.path.dirname(s.origin), 'share', 'cmake') if s else '')"
      OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
  if(prefix)
    find_package(Torch QUIET CONFIG PATHS "${prefix}/Torch" NO_DEFAULT_PATH)
  endif()
endif()
if(NOT Torch_FOUND)
  message(FATAL_ERROR
          "tamis: TAMIS_TORCH is ON but no libtorch was found (asked: ${ask}). Install it "
          "(pip install torch), activate the Python that has it, set Torch_DIR to the folder of "
          "TorchConfig.cmake, or configure with -DTAMIS_TORCH=OFF.")
endif()
set(TAMIS_TORCH_VERSION "${Torch_VERSION}")
string(REGEX MATCH "^[0-9]+[.][0-9]+" TAMIS_TORCH_MINOR "${TAMIS_TORCH_VERSION}")
if(NOT TAMIS_TORCH_MINOR)
  message(FATAL_ERROR "tamis: the torch in ${Torch_DIR} states no version")
endif()
message(STATUS "tamis: torch ${TAMIS_TORCH_VERSION} from ${TORCH_INSTALL_PREFIX}")

# torch/include holds its own fmt, pybind11 and protobuf. -idirafter puts that folder behind all
# others, the system's too, so that every file of ours sees the fmt that the build chose.
foreach(target torch torch_library torch_cpu torch_cuda c10 c10_cuda)
  if(TARGET ${target})
    set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "")
  endif()
endforeach()
foreach(folder IN LISTS TORCH_INCLUDE_DIRS)
  set_property(TARGET torch APPEND PROPERTY INTERFACE_COMPILE_OPTIONS "SHELL:-idirafter \"${folder}\"")
endforeach()
