# npurt_add_bundle(NAME DESCRIPTION file [OUTPUT folder] [RUNTIME name] [DEPENDS file…])
#
# Target NAME, in `all`: the bundle that `npurt build` makes of the description, in folder NAME.bundle of the current
# binary folder unless OUTPUT names another; the target's property NPURT_BUNDLE holds it. RUNTIME takes the place of
# the description's. Made anew when the description, a source in it, a header that one of these includes, or a file of
# DEPENDS changes. The project's C compiler is used, with CFLAGS and LDFLAGS of the environment at build time.
cmake_minimum_required(VERSION 3.20)

function(npurt_add_bundle name)
  cmake_parse_arguments(B "" "DESCRIPTION;OUTPUT;RUNTIME" "DEPENDS" ${ARGN})
  if(NOT B_DESCRIPTION OR B_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "npurt_add_bundle(${name} DESCRIPTION file [OUTPUT folder] [RUNTIME name] [DEPENDS file…]): "
                        "no DESCRIPTION, or unknown words: ${B_UNPARSED_ARGUMENTS}")
  endif()
  get_filename_component(description "${B_DESCRIPTION}" ABSOLUTE)
  get_filename_component(folder "${description}" DIRECTORY)
  if(NOT B_OUTPUT)
    set(B_OUTPUT ${name}.bundle)
  endif()
  get_filename_component(output "${B_OUTPUT}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_BINARY_DIR}")

  # The sources are in the description; a change of it configures again.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${description}")
  file(READ "${description}" text)
  set(sources)
  npurt_bundle_sources(sources "${text}" orchestration)
  string(JSON count ERROR_VARIABLE error LENGTH "${text}" kernels)
  if(NOT error AND count GREATER 0)
    math(EXPR last "${count} - 1")
    foreach(i RANGE ${last})
      npurt_bundle_sources(sources "${text}" kernels ${i})
    endforeach()
  endif()
  list(TRANSFORM sources PREPEND "${folder}/" REGEX "^[^/]")

  set(runtime)
  if(B_RUNTIME)
    set(runtime --runtime ${B_RUNTIME})
  endif()
  add_custom_command(OUTPUT "${output}/bundle.json"
    COMMAND ${CMAKE_COMMAND} -E env "CC=${CMAKE_C_COMPILER}" $<TARGET_FILE:npurt::command> build "${description}" -o "${output}" ${runtime}
            --depfile "${CMAKE_CURRENT_BINARY_DIR}/${name}.bundle.d"
    DEPENDS "${description}" ${sources} ${B_DEPENDS} npurt::command DEPFILE "${CMAKE_CURRENT_BINARY_DIR}/${name}.bundle.d" VERBATIM
    COMMENT "Building bundle ${name}")
  add_custom_target(${name} ALL DEPENDS "${output}/bundle.json")
  set_target_properties(${name} PROPERTIES NPURT_BUNDLE "${output}")
endfunction()

# Appends what "source" of the object at the path holds, one file or an array. What is wrong with it `npurt build` says.
function(npurt_bundle_sources variable text)
  set(found ${${variable}})
  string(JSON type ERROR_VARIABLE error TYPE "${text}" ${ARGN} source)
  if(NOT error AND type STREQUAL "STRING")
    string(JSON file GET "${text}" ${ARGN} source)
    list(APPEND found "${file}")
  elseif(NOT error AND type STREQUAL "ARRAY")
    string(JSON count LENGTH "${text}" ${ARGN} source)
    foreach(i RANGE ${count})
      string(JSON file ERROR_VARIABLE error GET "${text}" ${ARGN} source ${i})
      if(NOT error)
        list(APPEND found "${file}")
      endif()
    endforeach()
  endif()
  set(${variable} ${found} PARENT_SCOPE)
endfunction()
