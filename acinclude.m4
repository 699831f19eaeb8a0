# SPDX-License-Identifier: Apache-2.0

dnl PORTD_CHECK_OVS
dnl
dnl Finds the Open vSwitch source and build trees that we compile against and
dnl link with, by the options that OVN uses, and writes ovs-config.h: what
dnl OVS's configure found out (HAVE_*, ATOMIC_*), word for word.  The layout
dnl of some structs in OVS's headers depends on it, so it has to be what the
dnl library was compiled with and not what we would find.
AC_DEFUN([PORTD_CHECK_OVS], [
  AC_ARG_WITH([ovs-source],
    [AS_HELP_STRING([--with-ovs-source=DIR], [Open vSwitch source tree])])
  AC_ARG_WITH([ovs-build],
    [AS_HELP_STRING([--with-ovs-build=DIR],
      [Open vSwitch build tree (default: the source tree)])])

  AC_MSG_CHECKING([for the Open vSwitch source tree])
  AS_CASE([$with_ovs_source],
    [''|yes|no], [AC_MSG_ERROR([--with-ovs-source=DIR is needed.
  DIR is an Open vSwitch source tree; --with-ovs-build=DIR its build tree.
  './dev build' makes both from Debian's openvswitch-source and passes them.])])
  AS_IF([test ! -d "$with_ovs_source"],
    [AC_MSG_ERROR([--with-ovs-source=$with_ovs_source: no such directory])])
  OVSDIR=`cd "$with_ovs_source" && pwd`
  AS_IF([test ! -f "$OVSDIR/lib/ovsdb-idl.h"],
    [AC_MSG_ERROR([$OVSDIR is not an Open vSwitch source tree
  (it has no lib/ovsdb-idl.h)])])
  AC_MSG_RESULT([$OVSDIR])

  AC_MSG_CHECKING([for the Open vSwitch build tree])
  AS_CASE([$with_ovs_build], [''|yes|no], [with_ovs_build=$OVSDIR])
  AS_IF([test ! -d "$with_ovs_build"],
    [AC_MSG_ERROR([--with-ovs-build=$with_ovs_build: no such directory])])
  OVSBUILDDIR=`cd "$with_ovs_build" && pwd`
  AS_IF([test ! -f "$OVSBUILDDIR/config.h"],
    [AC_MSG_ERROR([$OVSBUILDDIR is not configured: run OVS's configure
  there, or name the build tree with --with-ovs-build=DIR])])
  for file in lib/libopenvswitch.la lib/vswitch-idl.h \
              include/openvswitch/version.h; do
    AS_IF([test ! -f "$OVSBUILDDIR/$file"],
      [AC_MSG_ERROR([$OVSBUILDDIR has no $file:
  Open vSwitch is configured there but not built; run 'make' in it])])
  done
  AC_MSG_RESULT([$OVSBUILDDIR])

  OVSVERSION=`$SED -n 's/^#define PACKAGE_VERSION "\(.*\)"$/\1/p' \
              "$OVSBUILDDIR/config.h"`
  AC_SUBST([OVSDIR])
  AC_SUBST([OVSBUILDDIR])
  AC_SUBST([OVSVERSION])
  AC_CONFIG_COMMANDS([ovs-config.h], [[
    { echo "/* From OVS's config.h.  Made by configure. */"
      sed -n 's/^#define \(\(HAVE\|ATOMIC\|OPENSSL\)_[A-Z0-9_]*\) \(.*\)$/#ifndef \1\
#define \1 \3\
#endif/p' "$OVSBUILDDIR/config.h"
    } > ovs-config.h.tmp
    if cmp -s ovs-config.h.tmp ovs-config.h; then
      rm -f ovs-config.h.tmp
    else
      mv ovs-config.h.tmp ovs-config.h
    fi]],
    [OVSBUILDDIR='$OVSBUILDDIR'])
  AH_BOTTOM([#include "ovs-config.h"])
])

dnl PORTD_CHECK_JANSSON
dnl
dnl jansson and libopenvswitch export some of the same names, so jansson is
dnl linked from a private copy of its archive (see m4/private-jansson.sh).
AC_DEFUN([PORTD_CHECK_JANSSON], [
  PKG_CHECK_MODULES([JANSSON], [jansson >= 2.10], [],
    [AC_MSG_ERROR([jansson is needed (Debian: apt-get install libjansson-dev)])])
  AC_ARG_WITH([jansson-archive],
    [AS_HELP_STRING([--with-jansson-archive=FILE],
      [jansson's static library (default: ask the compiler)])])
  AC_MSG_CHECKING([for jansson's static library])
  AS_CASE([$with_jansson_archive],
    [''|yes|no], [JANSSON_ARCHIVE=`$CC -print-file-name=libjansson.a`],
    [JANSSON_ARCHIVE=$with_jansson_archive])
  AS_IF([test ! -f "$JANSSON_ARCHIVE"],
    [AC_MSG_ERROR([libjansson.a not found
  (Debian: apt-get install libjansson-dev; else --with-jansson-archive=FILE)])])
  AC_MSG_RESULT([$JANSSON_ARCHIVE])
  AC_SUBST([JANSSON_ARCHIVE])
  AC_CHECK_TOOL([OBJCOPY], [objcopy])
  AS_IF([test -z "$OBJCOPY" || test -z "$NM"],
    [AC_MSG_ERROR([nm and objcopy are needed
  (Debian: apt-get install binutils)])])
])

dnl PORTD_CC_OPTION(OPTION)
dnl
dnl Adds OPTION to WARNING_FLAGS if the compiler knows it.  A compiler says
dnl nothing about an unknown -Wno-x, so -Wx is tried in its place.
AC_DEFUN([PORTD_CC_OPTION], [
  AS_VAR_PUSHDEF([known], [portd_cv_cc_option_$1])
  AC_CACHE_CHECK([whether $CC knows $1], [known], [
    portd_save_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -Werror m4_bpatsubst([$1], [^-Wno-], [-W])"
    AC_COMPILE_IFELSE([AC_LANG_SOURCE([[extern int x;]])],
      [AS_VAR_SET([known], [yes])], [AS_VAR_SET([known], [no])])
    CFLAGS=$portd_save_CFLAGS])
  AS_VAR_IF([known], [yes], [WARNING_FLAGS="$WARNING_FLAGS $1"])
  AS_VAR_POPDEF([known])
])

dnl PORTD_WARNINGS
dnl
dnl The warnings that OVS asks for, as far as the compiler has them.
AC_DEFUN([PORTD_WARNINGS], [
  WARNING_FLAGS=
  m4_foreach_w([option], [
    -Wall -Wextra -Wno-sign-compare -Wpointer-arith -Wformat=2
    -Wno-format-nonliteral -Wswitch-enum -Wunused-parameter
    -Wbad-function-cast -Wcast-align -Wcast-align=strict
    -Wstrict-prototypes -Wold-style-definition -Wmissing-prototypes
    -Wmissing-field-initializers -Wswitch-bool -Wlogical-not-parentheses
    -Wsizeof-array-argument -Wbool-compare -Wshift-negative-value
    -Wduplicated-cond -Wshadow -Wmultistatement-macros -Wvla -Wundef
    -Wno-null-pointer-arithmetic -fno-strict-aliasing],
    [PORTD_CC_OPTION(option)])
  AC_SUBST([WARNING_FLAGS])
])

AC_DEFUN([PORTD_ENABLE_WERROR], [
  AC_ARG_ENABLE([Werror],
    [AS_HELP_STRING([--enable-Werror], [make warnings errors])],
    [], [enable_Werror=no])
  AS_IF([test "$enable_Werror" = yes],
    [WARNING_FLAGS="$WARNING_FLAGS -Werror"])
])

dnl PORTD_ENABLE_SANITIZERS
dnl
dnl Our code only: libopenvswitch stays as it is.
AC_DEFUN([PORTD_ENABLE_SANITIZERS], [
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers],
      [AddressSanitizer and UndefinedBehaviorSanitizer])],
    [], [enable_sanitizers=no])
  SANITIZE_FLAGS=
  AS_IF([test "$enable_sanitizers" = yes], [
    SANITIZE_FLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all"
    SANITIZE_FLAGS="$SANITIZE_FLAGS -fno-omit-frame-pointer"
    AC_MSG_CHECKING([whether $CC can link with sanitizers])
    portd_save_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS $SANITIZE_FLAGS"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [AC_MSG_RESULT([yes])],
      [AC_MSG_RESULT([no])
       AC_MSG_ERROR([--enable-sanitizers: $CC cannot link with them])])
    CFLAGS=$portd_save_CFLAGS])
  AC_SUBST([SANITIZE_FLAGS])
  AM_CONDITIONAL([SANITIZERS], [test "$enable_sanitizers" = yes])
])

AC_DEFUN([PORTD_ENABLE_FAILPOINTS], [
  AC_ARG_ENABLE([failpoints],
    [AS_HELP_STRING([--enable-failpoints],
      [places where tests can make ovs-portd fail])],
    [], [enable_failpoints=no])
  AS_IF([test "$enable_failpoints" = yes],
    [AC_DEFINE([PORTD_FAILPOINTS], [1],
      [Define to 1 to compile the places where tests can inject faults.])])
])
