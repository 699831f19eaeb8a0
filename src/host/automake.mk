# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += src/host/libhost.la
src_host_libhost_la_SOURCES = \
	src/host/adopt.c \
	src/host/adopt.h \
	src/host/fuses.c \
	src/host/fuses.h \
	src/host/host.c \
	src/host/host.h \
	src/host/object-json.c \
	src/host/object-json.h \
	src/host/plan-json.c \
	src/host/plan-json.h \
	src/host/safe-text.c \
	src/host/safe-text.h \
	src/host/site.c \
	src/host/site.h \
	src/host/specs.c \
	src/host/specs.h
