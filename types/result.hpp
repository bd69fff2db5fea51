#pragma once
// How a function says that bytes, text or a device did not do what was asked.

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace psmove {

using boost::system::error_code;

/// A value or an error_code. Errors that are ours have an enum of their own beside what makes them.
template <class T>
using Result = boost::system::result<T>;

}  // namespace psmove
