#include "daemon/state_keeper.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <spdlog/spdlog.h>
#include <string>
#include <utility>

namespace psmove::daemon {

namespace asio = boost::asio;

StateKeeper::StateKeeper(StateFile& file, drivers::Roster& roster, asio::io_context& io,
                         asio::thread_pool& pool)
    : file_(file), roster_(roster), io_(io), pool_(pool) {
  roster_.on_change([this] { save(); });
}

StateKeeper::~StateKeeper() {
  roster_.on_change({});
}

void StateKeeper::save() {
  if (const std::string wrong = file_.save(roster_.remembered()); !wrong.empty())
    spdlog::error("names and numbers could not be saved error=\"{}\"", wrong);
  flush_again_ = true;
  flush();
}

void StateKeeper::flush() {
  if (is_flushing_ || !std::exchange(flush_again_, false)) return;
  is_flushing_ = true;
  asio::post(pool_, [this] {
    file_.flush();
    asio::post(io_, [this] {
      is_flushing_ = false;
      flush();
    });
  });
}

}  // namespace psmove::daemon
