# sasrec_embed(TARGET SYMBOL FILE...): an object library whose array SYMBOL (see
# base/embed.h) holds the files. The assembler reads them, so large ones cost nothing.
function(sasrec_embed target symbol)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
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
  add_library(${target} OBJECT ${source})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${ARGN}")
endfunction()
