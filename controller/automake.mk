# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += controller/libcontroller.la
controller_libcontroller_la_SOURCES = \
	controller/adopt.c \
	controller/adopt.h \
	controller/backlog.c \
	controller/backlog.h \
	controller/commands.c \
	controller/commands.h \
	controller/deadline.c \
	controller/deadline.h \
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
	controller/privileges.c \
	controller/privileges.h \
	controller/reconcile.c \
	controller/reconcile.h \
	controller/record.c \
	controller/record.h \
	controller/standing.c \
	controller/status.c \
	controller/status.h \
	controller/waiters.c \
	controller/waiters.h

sbin_PROGRAMS += \
	controller/ovs-portd
controller_ovs_portd_LDADD = controller/libcontroller.la $(host_libs)
# See controller/backlog.h.
backlog_ldflags = -Wl,--wrap=jsonrpc_recv
controller_ovs_portd_LDFLAGS = $(AM_LDFLAGS) $(backlog_ldflags)

# With --prefix=/usr that is where systemd looks.
systemdsystemunitdir = $(prefix)/lib/systemd/system
nodist_systemdsystemunit_DATA = controller/ovs-portd.service
EXTRA_DIST += controller/ovs-portd.service.in
CLEANFILES += controller/ovs-portd.service
controller/ovs-portd.service: controller/ovs-portd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) controller && \
	    $(SED) -e 's|@sbindir[@]|$(sbindir)|g' \
	           -e 's|@sysconfdir[@]|$(sysconfdir)|g' \
	           $(srcdir)/controller/ovs-portd.service.in > $@.tmp && \
	    mv $@.tmp $@
