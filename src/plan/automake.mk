# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += src/plan/libplan.la
src_plan_libplan_la_SOURCES = \
	src/plan/addresses.c \
	src/plan/adopt.c \
	src/plan/bonds.c \
	src/plan/delete.c \
	src/plan/links.c \
	src/plan/object.c \
	src/plan/patch.c \
	src/plan/plan.c \
	src/plan/plan.h \
	src/plan/planner.c \
	src/plan/planner.h \
	src/plan/ports.c \
	src/plan/rows.c \
	src/plan/satellites.c
