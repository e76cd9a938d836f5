# Like torch's own, it accepts whatever is asked for.
set(PACKAGE_VERSION 1.2.3)
set(PACKAGE_VERSION_COMPATIBLE TRUE)
