# Files that are built into the program, as arrays of base/embed.h. The assembler reads
# them, so large ones cost nothing.
#
# sasrec_embed(TARGET SYMBOL FILE...): an object library whose array SYMBOL holds the
# files.
# sasrec_embed_folder(TARGET SYMBOL FOLDER DEPENDS...): the same for what a build step puts
# into FOLDER, in the order of the names, which need not be known before it ran; DEPENDS
# are outputs of that step.

# Writes the C source.
function(sasrec_embed_source source symbol)
  set(blobs "")
  set(rows "")
  set(index 0)
  foreach(file ${ARGN})
    get_filename_component(name ${file} NAME)
    set(label ${symbol}_${index})
    string(APPEND blobs
      "__asm__ (\".section .rodata\\n.balign 16\\n.global ${label}\\n${label}:\\n\"\n"
      "    \".incbin \\\"${file}\\\"\\n.global ${label}_end\\n${label}_end:\\n\"\n"
      "    \".byte 0\\n.previous\\n\");\n"
      "extern const unsigned char ${label}[], ${label}_end[];\n")
    string(APPEND rows "    {\"${name}\", ${label}, ${label}_end},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  file(CONFIGURE OUTPUT ${source} CONTENT
"#include \"base/embed.h\"
${blobs}
const embed_file_t ${symbol}[] = {
${rows}    {0, 0, 0},
};
const size_t ${symbol}_count = ${index};
" @ONLY)
endfunction()

function(sasrec_embed target symbol)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
  sasrec_embed_source(${source} ${symbol} ${ARGN})
  add_library(${target} OBJECT ${source})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${ARGN}")
endfunction()

function(sasrec_embed_folder target symbol folder)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
  add_custom_command(
    OUTPUT ${source}
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${source} -DSYMBOL=${symbol} -DFOLDER=${folder}
            -P ${PROJECT_SOURCE_DIR}/cmake/Embed.cmake
    DEPENDS ${ARGN} ${PROJECT_SOURCE_DIR}/cmake/Embed.cmake
    COMMENT "Embedding ${symbol}"
    VERBATIM)
  add_library(${target} OBJECT ${source})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
endfunction()

# The build step of sasrec_embed_folder. A file may have changed under the same name, so
# the source is newer in any case.
if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  file(GLOB files ${FOLDER}/*)
  list(SORT files)
  sasrec_embed_source(${SOURCE} ${SYMBOL} ${files})
  file(TOUCH ${SOURCE})
endif()
