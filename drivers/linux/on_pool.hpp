#pragma once
// Calls that block, off the loop. For .cpp files that may include Asio.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace psmove::drivers {

/// Runs a blocking call on the pool and comes back to the loop with its result.
/// Return what it gives from a function that is no coroutine: g++ 12 destroys a closure twice that
/// is made inside a co_await, and with it whatever the closure owns.
template <class Call>
auto on_pool(boost::asio::thread_pool& pool, Call call) {
  using Value = decltype(call());
  return boost::asio::co_spawn(
      pool, [call = std::move(call)]() -> boost::asio::awaitable<Value> { co_return call(); },
      boost::asio::use_awaitable);
}

}  // namespace psmove::drivers
