# bpf.cmake: how BPF programs are compiled, linked and embedded. Needs clang-14 and bpftool, and no kernel.

find_program(BPF_CLANG NAMES clang-14 clang REQUIRED)
find_program(BPF_TOOL NAMES bpftool PATHS /usr/sbin /sbin REQUIRED)

# bpf_skeleton(NAME SOURCES a.bpf.c ... [HEADERS ...]): NAME.skel.h in the build folder of the caller, and the target NAME.
function(bpf_skeleton name)
	cmake_parse_arguments(arg "" "" "SOURCES;HEADERS" ${ARGN})
	set(objects)
	foreach(source ${arg_SOURCES})
		get_filename_component(stem ${source} NAME_WLE)
		set(object ${CMAKE_CURRENT_BINARY_DIR}/${stem}.o)
		add_custom_command(OUTPUT ${object}
			COMMAND ${BPF_CLANG} -target bpf -g -O2 -Wall -Wextra -Werror -Wno-unused-function -Wno-unused-parameter
				-I${CMAKE_SOURCE_DIR} -I${CMAKE_SYSROOT}/usr/include/${CMAKE_LIBRARY_ARCHITECTURE}
				-ffile-prefix-map=${CMAKE_SOURCE_DIR}/= -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
			DEPENDS ${source} ${arg_HEADERS} VERBATIM)
		list(APPEND objects ${object})
	endforeach()
	set(linked ${CMAKE_CURRENT_BINARY_DIR}/${name}.bpf.o)
	set(header ${CMAKE_CURRENT_BINARY_DIR}/${name}.skel.h)
	add_custom_command(OUTPUT ${header}
		COMMAND ${BPF_TOOL} gen object ${linked} ${objects}
		COMMAND sh -c "$1 gen skeleton $2 name $3 >$4" sh ${BPF_TOOL} ${linked} ${name} ${header}
		DEPENDS ${objects} VERBATIM)
	add_custom_target(${name} DEPENDS ${header})
endfunction()
