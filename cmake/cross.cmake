# What is built for the AICPU of a card, which is an aarch64 Linux: with its compiler, beside the build machine's.
# NPURT_CROSS_CC is empty, and the reason printed, where there is no working one.
find_program(NPURT_CROSS_CC aarch64-linux-gnu-gcc)
if(NPURT_CROSS_CC)
  file(WRITE ${CMAKE_BINARY_DIR}/cross-try.c "#include <string.h>\nint main(void) { return 0; }\n")
  execute_process(COMMAND ${NPURT_CROSS_CC} -static ${CMAKE_BINARY_DIR}/cross-try.c -o ${CMAKE_BINARY_DIR}/cross-try
                  RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
  if(failed)
    message(STATUS "silicon build skipped: ${NPURT_CROSS_CC} finds no C library (package libc6-dev-arm64-cross)")
    set(NPURT_CROSS_CC "" CACHE FILEPATH "compiler for the AICPU" FORCE)
  endif()
else()
  message(STATUS "silicon build skipped: no aarch64-linux-gnu-gcc (package gcc-aarch64-linux-gnu)")
  set(NPURT_CROSS_CC "" CACHE FILEPATH "compiler for the AICPU" FORCE)
endif()

# armv8-a without LSE: what every AICPU has; helpers that choose at run time would need a constructor in the SO.
set(NPURT_CROSS_FLAGS -std=gnu17 -O2 -g -fPIC -fvisibility=hidden -fno-strict-aliasing -march=armv8-a
                      -mno-outline-atomics -Wall -Wextra -Wconversion -Wshadow -Werror -D_GNU_SOURCE
                      -I${CMAKE_SOURCE_DIR}/include -I${CMAKE_SOURCE_DIR}/src)

# npurt_cross_objects(VAR GROUP SOURCES … [FLAGS …]): appends the sources' aarch64 objects to VAR.
function(npurt_cross_objects variable group)
  cmake_parse_arguments(C "" "" "SOURCES;FLAGS" ${ARGN})
  set(objects ${${variable}})
  foreach(source ${C_SOURCES})
    get_filename_component(name ${source} NAME_WE)
    set(object ${CMAKE_BINARY_DIR}/cross/${group}/${name}.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/cross/${group}
      COMMAND ${NPURT_CROSS_CC} ${NPURT_CROSS_FLAGS} ${C_FLAGS} -MD -MT ${object} -MF ${object}.d -c ${source} -o ${object}
      DEPENDS ${source} DEPFILE ${object}.d VERBATIM
      COMMENT "aarch64: ${group}/${name}.o")
    list(APPEND objects ${object})
  endforeach()
  set(${variable} ${objects} PARENT_SCOPE)
endfunction()

# npurt_cross_link(TARGET OUTPUT OBJECTS … [LINK …] [DEPENDS …]): links an aarch64 program or shared object, in `all`.
function(npurt_cross_link target output)
  cmake_parse_arguments(C "" "" "OBJECTS;LINK;DEPENDS" ${ARGN})
  get_filename_component(folder ${output} DIRECTORY)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
    COMMAND ${NPURT_CROSS_CC} ${C_OBJECTS} -o ${output} ${C_LINK}
    DEPENDS ${C_OBJECTS} ${C_DEPENDS} VERBATIM
    COMMENT "aarch64: ${output}")
  add_custom_target(${target} ALL DEPENDS ${output})
endfunction()
