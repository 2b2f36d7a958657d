/*
 * protect.h: keeps what is watched from reaching into the sensor.
 */
#pragma once

/*
 * From here on nobody without the capability SYS_PTRACE may trace this process, read its memory or take its descriptors, also if he is
 * the same user; nor does it dump core, which could hold secrets. Children inherit it, until they execute something.
 */
void protect_process(void);
