/*
 * socket.h: the end of an nng socket within bounded time, and a listener that nobody can stop by hanging up.
 */
#pragma once

#include <nng/nng.h>

/*
 * nng_close(), but returns after 2 seconds at the latest: nng 1.5.2 can wait for ever for a connection that broke while it
 * was being made. Then the socket is left to a thread nobody waits for. No callback may be registered any more.
 */
void socket_close(nng_socket socket);
