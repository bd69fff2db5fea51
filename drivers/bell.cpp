#include "drivers/bell.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace psmove::drivers {

struct Bell::Timer {
  explicit Timer(const boost::asio::any_io_executor& executor) : timer(executor) {}
  boost::asio::steady_timer timer;
};

Bell::Bell() = default;
Bell::~Bell() = default;

void Bell::ring() {
  rung_ = true;
  if (timer_) timer_->timer.cancel();
}

Awaitable<void> Bell::wait_until(SteadyTime deadline) {
  if (!timer_) timer_ = std::make_unique<Timer>(co_await boost::asio::this_coro::executor);
  if (!rung_) {
    timer_->timer.expires_at(deadline);
    co_await timer_->timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  rung_ = false;
}

Awaitable<void> Bell::wait() {
  return wait_until(SteadyTime::max());
}

}  // namespace psmove::drivers
