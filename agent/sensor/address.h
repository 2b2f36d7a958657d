/*
 * address.h: addresses of sockets, from the bytes that programs hand to the kernel and as texts.
 */
#pragma once

#include "agent/sensor/sensor.h"

/* Reads a struct sockaddr of size bytes. False if it is too short, or of a family other than IPv4, IPv6 and Unix. */
bool address_read(const void *data, size_t size, struct sensor_address *ret);

#define ADDRESS_TEXT_MAX (SENSOR_UNIX_PATH_MAX + 16)

/* "10.0.0.1:80", "[...]" of IPv6 left out as Falco does: "::1:80"; a Unix socket's path. "" if not known. */
void address_print(const struct sensor_address *address, char out[ADDRESS_TEXT_MAX]);
