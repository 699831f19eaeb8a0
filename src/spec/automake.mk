# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += src/spec/libspec.la
src_spec_libspec_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
src_spec_libspec_la_SOURCES = \
	src/spec/bond.c \
	src/spec/host.c \
	src/spec/key-type.c \
	src/spec/keys.c \
	src/spec/lower.c \
	src/spec/names.c \
	src/spec/raise-fields.c \
	src/spec/raise-nic.c \
	src/spec/raise-private.h \
	src/spec/raise-satellites.c \
	src/spec/raise.c \
	src/spec/raise.h \
	src/spec/read.c \
	src/spec/report.c \
	src/spec/rules.c \
	src/spec/satellites.c \
	src/spec/spec-private.h \
	src/spec/spec.h \
	src/spec/syntax.c \
	src/spec/text-edit.c \
	src/spec/text-private.h \
	src/spec/text.c \
	src/spec/text.h \
	src/spec/units.c \
	src/spec/vm.c

# jansson under names of our own: see m4/private-jansson.sh.
nodist_src_spec_libspec_la_SOURCES = src/spec/jansson-private.h
BUILT_SOURCES += src/spec/jansson-private.h
CLEANFILES += \
	src/spec/jansson-private.h \
	src/spec/libjansson-private.a
private_jansson = \
	$(AM_V_GEN)$(MKDIR_P) src/spec && NM='$(NM)' OBJCOPY='$(OBJCOPY)' \
	sh $(top_srcdir)/m4/private-jansson.sh
src/spec/jansson-private.h: m4/private-jansson.sh $(JANSSON_ARCHIVE)
	$(private_jansson) header $(JANSSON_ARCHIVE) $@
src/spec/libjansson-private.a: m4/private-jansson.sh $(JANSSON_ARCHIVE)
	$(private_jansson) archive $(JANSSON_ARCHIVE) $@
