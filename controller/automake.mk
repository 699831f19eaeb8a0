# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += controller/libcontroller.la
controller_libcontroller_la_SOURCES = \
	controller/adopt.c \
	controller/adopt.h \
	controller/commands.c \
	controller/commands.h \
	controller/intake.c \
	controller/intake.h \
	controller/level.c \
	controller/level.h \
	controller/notify.c \
	controller/notify.h \
	controller/once.c \
	controller/once.h \
	controller/options.c \
	controller/options.h \
	controller/reconcile.c \
	controller/reconcile.h \
	controller/record.c \
	controller/record.h \
	controller/status.c \
	controller/status.h \
	controller/waiters.c \
	controller/waiters.h

sbin_PROGRAMS += \
	controller/ovs-portd
controller_ovs_portd_LDADD = controller/libcontroller.la $(host_libs)
