// must not compile: const(ant expression|expr|eval)
#include <tamis/error.hpp>

#ifdef CONTROL
void fail(int count) { tamis::raise<tamis::InvalidArgument>("{:d} pairs", count); }
#else
void fail(const char* count) { tamis::raise<tamis::InvalidArgument>("{:d} pairs", count); }
#endif
