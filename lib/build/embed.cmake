# embed.cmake: files inside a program. house_embed(TARGET SYMBOL FILES...) adds to TARGET the array
#   const struct embedded_file SYMBOL[]   (base/embedded.h), ended by a row without a name.
# Names are the files' paths from the top of the source tree. Run as a script (-P) it writes one such .c file.

if(CMAKE_SCRIPT_MODE_FILE)
	set(rows "")
	set(arrays "")
	set(number 0)
	string(REPLACE "|" ";" files "${FILES}")
	foreach(file ${files})
		file(READ ${ROOT}/${file} bytes HEX)
		string(LENGTH "${bytes}" digits)
		math(EXPR length "${digits} / 2")
		string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
		string(REGEX REPLACE "(................................................................................)" "\\1\n"
			bytes "${bytes}")
		string(APPEND arrays "static const unsigned char file_${number}[] = {\n${bytes}0x00 };\n")
		string(APPEND rows "\t{ \"${file}\", (const char *)file_${number}, ${length} },\n")
		math(EXPR number "${number} + 1")
	endforeach()
	file(WRITE ${OUTPUT} "/* made by lib/build/embed.cmake */\n#include \"base/embedded.h\"\n\n${arrays}\n"
		"extern const struct embedded_file ${SYMBOL}[];\nconst struct embedded_file ${SYMBOL}[] = {\n${rows}\t{ 0, 0, 0 },\n};\n")
	return()
endif()

set(HOUSE_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(house_embed target symbol)
	set(output ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
	set(names "")
	set(paths "")
	foreach(file ${ARGN})
		cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} OUTPUT_VARIABLE path)
		cmake_path(RELATIVE_PATH path BASE_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE name)
		list(APPEND names ${name})
		list(APPEND paths ${path})
	endforeach()
	list(JOIN names "|" joined)
	add_custom_command(OUTPUT ${output} DEPENDS ${paths} ${HOUSE_EMBED_SCRIPT} VERBATIM
		COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DSYMBOL=${symbol} -DROOT=${CMAKE_SOURCE_DIR} "-DFILES=${joined}"
			-P ${HOUSE_EMBED_SCRIPT})
	target_sources(${target} PRIVATE ${output})
endfunction()
