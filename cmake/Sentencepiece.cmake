# tamis_sentencepiece: sentencepiece's processor (no trainer) and its protobuf-lite as one object
# library with hidden symbols, so that it can share a process with other copies of either.
# Distributions ship shared libraries only, so the source comes from the pinned sdist.
set(TAMIS_SENTENCEPIECE_VERSION 0.2.1)
set(TAMIS_SENTENCEPIECE_SHA256 8138cec27c2f2282f4a34d9a016e3374cd40e5c6e9cb335063db66a0a3b71fad)

function(tamis_fetch_sentencepiece out)
  set(folder "${PROJECT_BINARY_DIR}/_deps")
  set(archive "${folder}/sentencepiece-${TAMIS_SENTENCEPIECE_VERSION}.tar.gz")
  if(NOT EXISTS "${archive}")
    find_package(Python3 REQUIRED COMPONENTS Interpreter)
    message(STATUS "tamis: fetching sentencepiece ${TAMIS_SENTENCEPIECE_VERSION} with pip")
    execute_process(
      COMMAND "${Python3_EXECUTABLE}" -m pip download --quiet --no-deps --no-binary :all:
              --dest "${folder}" "sentencepiece==${TAMIS_SENTENCEPIECE_VERSION}"
      RESULT_VARIABLE failed OUTPUT_QUIET ERROR_VARIABLE reason)
    if(failed)
      message(FATAL_ERROR "tamis: pip could not fetch sentencepiece's source; unpack it yourself "
                          "and set TAMIS_SENTENCEPIECE_SOURCE. pip said:\n${reason}")
    endif()
  endif()
  file(SHA256 "${archive}" hash)
  if(NOT hash STREQUAL TAMIS_SENTENCEPIECE_SHA256)
    file(REMOVE "${archive}")
    message(FATAL_ERROR "tamis: ${archive} has sha256 ${hash}, expected "
                        "${TAMIS_SENTENCEPIECE_SHA256}; run CMake again to fetch it anew")
  endif()
  file(ARCHIVE_EXTRACT INPUT "${archive}" DESTINATION "${folder}")
  set(${out} "${folder}/sentencepiece-${TAMIS_SENTENCEPIECE_VERSION}/sentencepiece" PARENT_SCOPE)
endfunction()

set(spm "${TAMIS_SENTENCEPIECE_SOURCE}")
if(NOT spm)
  tamis_fetch_sentencepiece(spm)
endif()
if(NOT EXISTS "${spm}/src/sentencepiece_processor.h")
  message(FATAL_ERROR "tamis: ${spm} is no sentencepiece source folder (src/ is missing)")
endif()

set(names bpe_model char_model error filesystem model_factory model_interface normalizer
          sentencepiece_processor unigram_model util word_model
          builtin_pb/sentencepiece.pb builtin_pb/sentencepiece_model.pb)
list(TRANSFORM names REPLACE "(.+)" "${spm}/src/\\1.cc" OUTPUT_VARIABLE spm_sources)
set(names arena arenastring bytestream coded_stream common extension_set generated_enum_util
          generated_message_table_driven_lite generated_message_util implicit_weak_message int128
          io_win32 message_lite parse_context repeated_field status statusor stringpiece
          stringprintf structurally_valid strutil time wire_format_lite zero_copy_stream
          zero_copy_stream_impl zero_copy_stream_impl_lite)
list(TRANSFORM names REPLACE "(.+)" "${spm}/third_party/protobuf-lite/\\1.cc" OUTPUT_VARIABLE
                                                                              protobuf_sources)
file(READ "${spm}/VERSION.txt" spm_version)
string(STRIP "${spm_version}" spm_version)
file(WRITE "${PROJECT_BINARY_DIR}/_deps/spm/config.h"
     "#define VERSION \"${spm_version}\"\n#define PACKAGE \"sentencepiece\"\n#define PACKAGE_STRING \"sentencepiece\"\n")

add_library(tamis_sentencepiece OBJECT ${spm_sources} ${protobuf_sources}
                                       "${spm}/third_party/absl/flags/flag.cc")
target_include_directories(
  tamis_sentencepiece SYSTEM
  PUBLIC "${spm}/src"
  PRIVATE "${spm}" "${spm}/src/builtin_pb" "${spm}/third_party" "${spm}/third_party/protobuf-lite"
          "${spm}/third_party/absl" "${PROJECT_BINARY_DIR}/_deps/spm")
target_compile_features(tamis_sentencepiece PRIVATE cxx_std_17)
target_compile_definitions(tamis_sentencepiece PRIVATE HAVE_PTHREAD=1 _USE_INTERNAL_STRING_VIEW
                                                        INSTALL_DATADIR="share")
target_compile_options(tamis_sentencepiece PRIVATE -w)
set_target_properties(tamis_sentencepiece PROPERTIES POSITION_INDEPENDENT_CODE ON
                                                     CXX_VISIBILITY_PRESET hidden
                                                     VISIBILITY_INLINES_HIDDEN ON)
