# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += src/store/libstore.la
src_store_libstore_la_SOURCES = \
	src/store/edit.c \
	src/store/journal.c \
	src/store/journal.h \
	src/store/lock.c \
	src/store/lock.h \
	src/store/names.c \
	src/store/names.h \
	src/store/pending-disk.c \
	src/store/pending.c \
	src/store/pending.h \
	src/store/read.c \
	src/store/read.h \
	src/store/rollback.c \
	src/store/scan.c \
	src/store/scan.h \
	src/store/store.c \
	src/store/store.h \
	src/store/temporaries.c \
	src/store/temporaries.h \
	src/store/watch.c \
	src/store/watch.h
