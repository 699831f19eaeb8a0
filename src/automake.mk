# SPDX-License-Identifier: Apache-2.0
noinst_HEADERS += \
	src/failpoint.h \
	src/sets.h
