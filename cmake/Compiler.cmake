# Warnings are errors, asserts stay on in every build type (NDEBUG is never
# defined), and floating point keeps its rules: no fast-math anywhere.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_C_FLAGS_DEBUG "-Og -g")
set(SASREC_SANITIZE "" CACHE STRING "sanitizers, as in -fsanitize=")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

add_compile_options(
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
  -Wmissing-prototypes -Wvla -Wformat=2 -Werror -fno-math-errno)
if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
  # A loop that clang does not vectorise though we hinted at it is slower, not wrong.
  add_compile_options(-Wno-pass-failed)
endif()
add_compile_definitions(_GNU_SOURCE SASREC_VERSION="${PROJECT_VERSION}")

if(SASREC_SANITIZE)
  # Sanitizers hide value ranges from gcc, which then warns about conversions and
  # truncations that are none: warnings are the other builds' business.
  add_compile_options(-fsanitize=${SASREC_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all -w)
  add_link_options(-fsanitize=${SASREC_SANITIZE})
  # In every program, in front of libc: each file says why.
  set(sanitize ${PROJECT_SOURCE_DIR}/tests/sanitize)
  add_library(sanitize OBJECT ${sanitize}/suppressions.c)
  if(SASREC_SANITIZE STREQUAL "thread")
    target_sources(sanitize PRIVATE ${sanitize}/c11_threads.c)
  endif()
  link_libraries($<TARGET_OBJECTS:sanitize>)
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-D_FORTIFY_SOURCE=2 -fstack-protector-strong
                      -fstack-clash-protection -fPIE)
  add_link_options(-pie -Wl,-z,relro,-z,now)
endif()
