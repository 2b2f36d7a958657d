/*
 * tenant.h: whose data a row is.
 */
#pragma once

#define TENANT_LOCAL 1 /* of whoever may open the collector's Unix sockets; certificates name theirs */
