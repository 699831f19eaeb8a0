# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += ovsdb/libovsdbside.la
ovsdb_libovsdbside_la_SOURCES = \
	ovsdb/bond-show.c \
	ovsdb/bond-show.h \
	ovsdb/bridge-ports.c \
	ovsdb/bridge-ports.h \
	ovsdb/check.c \
	ovsdb/compat.h \
	ovsdb/db-private.h \
	ovsdb/db.c \
	ovsdb/db.h \
	ovsdb/fdb.c \
	ovsdb/fdb.h \
	ovsdb/fields.c \
	ovsdb/fields.h \
	ovsdb/observe.c \
	ovsdb/observe.h \
	ovsdb/openflow.c \
	ovsdb/openflow.h \
	ovsdb/satellites.c \
	ovsdb/satellites.h \
	ovsdb/steps-private.h \
	ovsdb/steps.c \
	ovsdb/steps.h \
	ovsdb/txn.c \
	ovsdb/unixctl-call.c \
	ovsdb/unixctl-call.h \
	ovsdb/vswitchd.c \
	ovsdb/vswitchd.h
