#pragma once
// Lets a header declare a coroutine without including Asio. Whoever defines or awaits one includes
// <boost/asio/awaitable.hpp> itself.

namespace boost::asio {
class any_io_executor;
class io_context;
class thread_pool;
template <typename T, typename Executor>
class awaitable;
}  // namespace boost::asio

namespace psmove {

template <class T>
using Awaitable = boost::asio::awaitable<T, boost::asio::any_io_executor>;

}  // namespace psmove
