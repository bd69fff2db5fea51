// The stream client against a WebSocket server of a few lines, and against things that are none.

#include "clients/cpp/stream_client.hpp"

#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_server.hpp"

namespace psmove::client {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using Kind = stream::Message::Kind;

constexpr milliseconds patience{5000};

/// Reads until the client has gone, so that a script ends when the test does.
void listen_to_the_end(TestConnection& connection) {
  while (!connection.receive().empty()) continue;
}

TEST(StreamClientTest, MessagesGoBothWays) {
  std::promise<std::string> heard;
  const TestServer server([&heard](TestConnection& connection) {
    connection.upgrade();
    connection.send_frame(stream::Opcode::text, R"({"type":"hello"})");
    heard.set_value(connection.receive_frame().payload);
    listen_to_the_end(connection);
  });
  auto stream = StreamClient::connect(server.url()).value();
  EXPECT_EQ(stream.receive(patience).value(), R"({"type":"hello"})");
  EXPECT_FALSE(stream.send(subscribe_request({.id = "a", .topics = {"motion"}})));
  EXPECT_EQ(heard.get_future().get(),
            R"({"controllers":["*"],"id":"a","topics":["motion"],"type":"subscribe"})");
}

TEST(StreamClientTest, RequestNamesHostQueryAndProtocol) {
  std::promise<std::string> head;
  const TestServer server([&head](TestConnection& connection) {
    head.set_value(connection.upgrade());
    listen_to_the_end(connection);
  });
  auto stream = StreamClient::connect(server.url(), "fields=orientation").value();
  const auto request = head.get_future().get();
  EXPECT_THAT(request, HasSubstr("GET /api/v1/stream?fields=orientation HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("Host: " + server.url().authority() + "\r\n"));
  EXPECT_THAT(request, HasSubstr("Sec-WebSocket-Protocol: psmoved.v1+json\r\n"));
}

TEST(StreamClientTest, WhatComesWithTheHandshakeIsNotLost) {
  const TestServer server([](TestConnection& connection) {
    const auto head = connection.receive_head();
    std::string answer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Protocol: psmoved.v1+json\r\nSec-WebSocket-Accept: " +
        stream::accept_key(TestConnection::header(head, "Sec-WebSocket-Key")) + "\r\n\r\n";
    stream::append_frame(answer, stream::Opcode::text, "one");
    stream::append_frame(answer, stream::Opcode::text, "two");
    connection.send(answer);
    listen_to_the_end(connection);
  });
  auto stream = StreamClient::connect(server.url()).value();
  EXPECT_EQ(stream.receive(milliseconds(0)).value(), "one");
  EXPECT_EQ(stream.receive(milliseconds(0)).value(), "two");
  EXPECT_EQ(stream.receive(milliseconds(0)).value(), std::nullopt);
}

TEST(StreamClientTest, PingsAreAnswered) {
  std::promise<TestConnection::Frame> answer;
  const TestServer server([&answer](TestConnection& connection) {
    connection.upgrade();
    connection.send_frame(stream::Opcode::ping, "alive?");
    connection.send_frame(stream::Opcode::text, "{}");
    answer.set_value(connection.receive_frame());
    listen_to_the_end(connection);
  });
  auto stream = StreamClient::connect(server.url()).value();
  EXPECT_EQ(stream.receive(patience).value(), "{}");
  const auto pong = answer.get_future().get();
  EXPECT_EQ(pong.kind, Kind::pong);
  EXPECT_EQ(pong.payload, "alive?");
}

TEST(StreamClientTest, ShutdownIsSaidAndAnswered) {
  std::promise<TestConnection::Frame> answer;
  const TestServer server([&answer](TestConnection& connection) {
    connection.upgrade();
    connection.send_frame(stream::Opcode::close,
                          stream::close_payload(stream::close_code::going_away, "bye"));
    answer.set_value(connection.receive_frame());
  });
  auto stream = StreamClient::connect(server.url()).value();
  const auto end = stream.receive(patience);
  ASSERT_TRUE(end.has_error());
  EXPECT_EQ(end.error().kind, ErrorKind::closed);
  EXPECT_EQ(end.error().status, 1001);
  EXPECT_EQ(end.error().message, "psmoved is shutting down");
  EXPECT_EQ(answer.get_future().get().code, 1001);
  EXPECT_TRUE(stream.send("{}")) << "a closed stream takes nothing more";
}

TEST(StreamClientTest, ReasonOfACloseIsPassedOn) {
  const TestServer server([](TestConnection& connection) {
    connection.upgrade();
    connection.send_frame(stream::Opcode::close,
                          stream::close_payload(stream::close_code::slow_consumer, "too slow"));
    listen_to_the_end(connection);
  });
  auto stream = StreamClient::connect(server.url()).value();
  EXPECT_EQ(stream.receive(patience).error().message, "psmoved closed the stream: too slow");
}

TEST(StreamClientTest, BrokenConnectionIsAnError) {
  const TestServer server([](TestConnection& connection) { connection.upgrade(); });
  auto stream = StreamClient::connect(server.url()).value();
  EXPECT_EQ(stream.receive(patience).error().kind, ErrorKind::closed);
}

TEST(StreamClientTest, MaskedFramesFromAServerAreAViolation) {
  const TestServer server([](TestConnection& connection) {
    connection.upgrade();
    std::string frame;
    stream::append_frame(frame, stream::Opcode::text, "{}", stream::Mask{1, 2, 3, 4});
    connection.send(frame);
    listen_to_the_end(connection);
  });
  auto stream = StreamClient::connect(server.url()).value();
  const auto end = stream.receive(patience);
  ASSERT_TRUE(end.has_error());
  EXPECT_EQ(end.error().status, 1002);
}

TEST(StreamClientTest, GoodbyeIsSaidWithTheScope) {
  std::promise<TestConnection::Frame> last;
  const TestServer server([&last](TestConnection& connection) {
    connection.upgrade();
    last.set_value(connection.receive_frame());
  });
  { auto stream = StreamClient::connect(server.url()).value(); }
  const auto frame = last.get_future().get();
  EXPECT_EQ(frame.kind, Kind::close);
  EXPECT_EQ(frame.code, 1000);
}

TEST(StreamClientTest, ADaemonThatSaysNothingIsTakenForDead) {
  const TestServer server([](TestConnection& connection) {
    connection.upgrade();
    listen_to_the_end(connection);
  });
  auto stream = StreamClient::connect(server.url(), {}, {.dead_after = milliseconds(30)}).value();
  Answer<std::optional<std::string>> received = std::optional<std::string>();
  for (int i = 0; i < 100 && received; ++i) received = stream.receive(milliseconds(10));
  ASSERT_TRUE(received.has_error());
  EXPECT_EQ(received.error().message, "psmoved has gone silent");
}

TEST(StreamClientTest, RefusedUpgradeSaysWhy) {
  const TestServer server([](TestConnection& connection) {
    (void)connection.receive_head();
    const std::string problem =
        R"({"status":400,"code":"bad_request","detail":"There is no field \"x\"."})";
    connection.send(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\n"
        "Content-Length: " +
        std::to_string(problem.size()) + "\r\n\r\n" + problem);
    listen_to_the_end(connection);
  });
  const auto stream = StreamClient::connect(server.url(), "fields=x");
  ASSERT_TRUE(stream.has_error());
  EXPECT_EQ(stream.error().kind, ErrorKind::refused);
  EXPECT_EQ(stream.error().code, "bad_request");
}

TEST(StreamClientTest, ThingsThatAreNoWebSocketAreNotPsmoved) {
  for (const auto* answer :
       {"SSH-2.0-OpenSSH_9.2p1\r\n\r\n", "\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\n\r\n", ""}) {
    const TestServer server([answer](TestConnection& connection) {
      (void)connection.receive_head();
      connection.send(answer);
    });
    const auto stream = StreamClient::connect(server.url());
    ASSERT_TRUE(stream.has_error()) << answer;
    EXPECT_EQ(stream.error().kind, ErrorKind::not_psmoved) << answer;
  }
}

TEST(StreamClientTest, NobodyThereIsUnreachable) {
  EXPECT_EQ(StreamClient::connect(nobody()).error().kind, ErrorKind::unreachable);
}

TEST(StreamClientTest, SilenceDuringTheHandshakeEndsWithTheTimeout) {
  const TestServer server([](TestConnection& connection) { listen_to_the_end(connection); });
  const auto stream = StreamClient::connect(server.url(), {}, {.connect = milliseconds(50)});
  ASSERT_TRUE(stream.has_error());
  EXPECT_THAT(stream.error().message, HasSubstr("no answer from"));
}

}  // namespace
}  // namespace psmove::client
