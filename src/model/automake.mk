# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += src/model/libmodel.la
src_model_libmodel_la_SOURCES = \
	src/model/address.c \
	src/model/address.h \
	src/model/bond.c \
	src/model/bond.h \
	src/model/columns.c \
	src/model/columns.h \
	src/model/index.h \
	src/model/model.c \
	src/model/model.h \
	src/model/observed.c \
	src/model/observed.h \
	src/model/state.c \
	src/model/vlan.c \
	src/model/wanted.c \
	src/model/wanted.h
