# house.cmake: how libraries, programs, tests and fuzz targets are declared, one line each.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_program(CCACHE ccache)
if(CCACHE)
	set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

add_compile_definitions(_GNU_SOURCE CLEWLINE_VERSION="${PROJECT_VERSION}")
add_compile_options(-Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla -Wformat=2
	-Wno-format-nonliteral -fno-common
	# what a table's row leaves out at its end is zero, and means the default
	-Wno-missing-field-initializers)
if(CMAKE_C_COMPILER_ID STREQUAL GNU)
	# snprintf into a bounded buffer is how texts are cut here on purpose
	add_compile_options(-Wno-format-truncation)
endif()
include_directories(${CMAKE_SOURCE_DIR}/lib ${CMAKE_SOURCE_DIR})

if(CLEWLINE_SANITIZE)
	add_compile_options(-fsanitize=${CLEWLINE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
	add_link_options(-fsanitize=${CLEWLINE_SANITIZE})
endif()
if(CLEWLINE_COVERAGE)
	add_compile_options(--coverage)
	add_link_options(--coverage)
endif()
if(CLEWLINE_FUZZ)
	add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(CMAKE_BUILD_TYPE STREQUAL Release)
	add_compile_options(-D_FORTIFY_SOURCE=3 -fstack-protector-strong)
	if(CMAKE_SYSTEM_PROCESSOR STREQUAL aarch64)
		add_compile_options(-mbranch-protection=standard)
	else()
		add_compile_options(-fcf-protection)
	endif()
	add_link_options(-Wl,-z,relro,-z,now)
endif()

# house_library(NAME SOURCES a.c ... [DEPS base model ...] [LINK outside-libraries ...]): the library house_NAME.
function(house_library name)
	cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LINK" ${ARGN})
	add_library(house_${name} STATIC ${arg_SOURCES})
	list(TRANSFORM arg_DEPS PREPEND house_)
	target_link_libraries(house_${name} PUBLIC ${arg_DEPS} ${arg_LINK} Threads::Threads)
endfunction()

# house_program(NAME [STATIC] SOURCES main.c ... [DEPS ...] [LINK ...]): bin/NAME. STATIC: with CLEWLINE_STATIC it needs nothing
# of the machine it runs on.
function(house_program name)
	cmake_parse_arguments(arg "STATIC" "" "SOURCES;DEPS;LINK" ${ARGN})
	add_executable(${name} ${arg_SOURCES})
	list(TRANSFORM arg_DEPS PREPEND house_)
	target_link_libraries(${name} PRIVATE ${arg_DEPS} ${arg_LINK} Threads::Threads)
	if(arg_STATIC AND CLEWLINE_STATIC)
		target_link_options(${name} PRIVATE -static-pie)
	endif()
endfunction()

# house_test(NAME SOURCES x_test.c [DEPS ...] [LINK ...] [LABELS ...] [ENVIRONMENT ...]): a cmocka program run by ctest as unit.NAME.
function(house_test name)
	cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LINK;LABELS;ENVIRONMENT" ${ARGN})
	string(REPLACE "." "_" target test_${name})
	string(REPLACE "/" "_" target ${target})
	add_executable(${target} ${arg_SOURCES})
	list(TRANSFORM arg_DEPS PREPEND house_)
	target_link_libraries(${target} PRIVATE ${arg_DEPS} ${arg_LINK} cmocka Threads::Threads)
	set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
	add_test(NAME unit.${name} COMMAND ${target})
	if(CMAKE_CROSSCOMPILING) # told apart by what an emulator cannot do
		list(APPEND arg_ENVIRONMENT CLEWLINE_EMULATED=1)
	endif()
	set_tests_properties(unit.${name} PROPERTIES TIMEOUT 120 LABELS "unit;${arg_LABELS}"
		ENVIRONMENT "CLEWLINE_SOURCE=${CMAKE_SOURCE_DIR};${arg_ENVIRONMENT}")
endfunction()

# house_fuzz(NAME SOURCES x_fuzz.c [DEPS ...]): a libFuzzer target; without CLEWLINE_FUZZ a program that runs the same function over
# files, so that ctest replays the corpus in tests/fuzz/corpora/NAME as fuzz.NAME.
function(house_fuzz name)
	cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LINK" ${ARGN})
	add_executable(fuzz_${name} ${arg_SOURCES})
	list(TRANSFORM arg_DEPS PREPEND house_)
	target_link_libraries(fuzz_${name} PRIVATE ${arg_DEPS} ${arg_LINK} Threads::Threads)
	set_target_properties(fuzz_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
	if(CLEWLINE_FUZZ)
		target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
	else()
		target_sources(fuzz_${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/fuzz/standalone.c)
		add_test(NAME fuzz.${name} COMMAND fuzz_${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpora/${name})
		set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT 120 LABELS fuzz)
	endif()
endfunction()

# house_manual(NAME): the program's man page, made by the program itself from its option tables: man/man1/NAME.1 in the
# build folder.
function(house_manual name)
	set(page ${CMAKE_BINARY_DIR}/man/man1/${name}.1)
	add_custom_command(OUTPUT ${page} COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/man/man1
		COMMAND ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:${name}> --manual > ${page} DEPENDS ${name} VERBATIM)
	add_custom_target(manual_${name} ALL DEPENDS ${page})
endfunction()
