# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += src/kernel/libkernel.la
# Only this room gets to see libnl's headers.
src_kernel_libkernel_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBNL_CFLAGS)
src_kernel_libkernel_la_SOURCES = \
	src/kernel/address.c \
	src/kernel/bond.c \
	src/kernel/device.c \
	src/kernel/device.h \
	src/kernel/execute.c \
	src/kernel/group.c \
	src/kernel/host.c \
	src/kernel/kernel-private.h \
	src/kernel/kernel.c \
	src/kernel/kernel.h \
	src/kernel/msg.c \
	src/kernel/msg.h \
	src/kernel/nlsock.c \
	src/kernel/nlsock.h \
	src/kernel/offload.c \
	src/kernel/rtaddr.c \
	src/kernel/rtaddr.h \
	src/kernel/rtbond.c \
	src/kernel/rtbond.h \
	src/kernel/rtnl.c \
	src/kernel/rtnl.h \
	src/kernel/settings.c \
	src/kernel/settings.h \
	src/kernel/tap.c \
	src/kernel/tap.h \
	src/kernel/veth.c
