// TLS with OpenSSL, on a non-blocking socket.

#include "clients/cpp/channel.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <utility>

namespace psmove::client {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t digest_digits = 64;

std::string fingerprint_of(const X509* certificate) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  std::string text;
  if (certificate == nullptr || X509_digest(certificate, EVP_sha256(), hash.data(), &size) != 1)
    return text;
  for (unsigned i = 0; i < size; ++i) {
    text += digits[hash[i] >> 4U];
    text += digits[hash[i] & 15U];
  }
  return text;
}

/// In place of OpenSSL's own judgement: this certificate and no other.
int judge_by_fingerprint(X509_STORE_CTX* store, void* url) {
  const auto& wanted = static_cast<const ServerUrl*>(url)->fingerprint;
  const bool is_it = fingerprint_of(X509_STORE_CTX_get0_cert(store)) == wanted;
  X509_STORE_CTX_set_error(store, is_it ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  return is_it ? 1 : 0;
}

bool is_address(const std::string& host) {
  in6_addr binary{};
  return ::inet_pton(AF_INET, host.c_str(), &binary) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &binary) == 1;
}

std::string reason() {
  const auto code = ERR_peek_last_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return text == nullptr ? "the connection ended" : text;
}

/// "AB:CD:…", as people compare it.
std::string with_colons(std::string_view digits) {
  std::string text;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    if (i > 0) text += ':';
    text += digits.substr(i, 2);
  }
  return text;
}

Error handshake_failed(const ServerUrl& url, SSL& tls, const std::string& shown) {
  const long verdict = SSL_get_verify_result(&tls);
  if (verdict == X509_V_OK) {
    const auto code = ERR_GET_REASON(ERR_peek_last_error());
    if (code == SSL_R_WRONG_VERSION_NUMBER || code == SSL_R_HTTP_REQUEST)
      return unreachable("what answers at " + url.text() + " does not speak TLS: try http://" +
                         url.authority());
    return unreachable("no encrypted connection to " + url.text() + ": " + reason());
  }
  ERR_clear_error();
  if (verdict == X509_V_ERR_CERT_REJECTED)
    return unreachable("what answers at " + url.text() +
                       " shows another certificate than the one with that fingerprint; SHA-256 " +
                       with_colons(shown));
  if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
    return unreachable("the certificate of " + url.text() + " is not for " + url.host +
                       ": use a name that it is for, or --fingerprint");
  return unreachable("nobody known here vouches for the certificate of " + url.text() + " (" +
                     X509_verify_cert_error_string(verdict) +
                     "): give it with --cacert FILE, or compare and give its fingerprint with "
                     "--fingerprint; SHA-256 " +
                     with_colons(shown));
}

}  // namespace

std::string trust(ssl_ctx_st& context, const ServerUrl& url) {
  SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
  SSL_CTX_set_options(&context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(&context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, nullptr);
  if (!url.fingerprint.empty()) {
    // The callback only reads what it is given.
    SSL_CTX_set_cert_verify_callback(&context, judge_by_fingerprint,
                                     const_cast<ServerUrl*>(&url));  // NOLINT
    return {};
  }
  if (url.ca_file.empty())
    SSL_CTX_set_default_verify_paths(&context);
  else if (SSL_CTX_load_verify_file(&context, url.ca_file.c_str()) != 1)
    return "'" + url.ca_file + "' cannot be used for --cacert: " + reason();
  X509_VERIFY_PARAM* wanted = SSL_CTX_get0_param(&context);
  // A certificate that was given is trusted by itself, whoever signed it.
  X509_VERIFY_PARAM_set_flags(wanted, X509_V_FLAG_PARTIAL_CHAIN);
  if (is_address(url.host))
    X509_VERIFY_PARAM_set1_ip_asc(wanted, url.host.c_str());
  else
    X509_VERIFY_PARAM_set1_host(wanted, url.host.c_str(), url.host.size());
  return {};
}

void Channel::Free::operator()(ssl_ctx_st* context) const {
  SSL_CTX_free(context);
}
void Channel::Free::operator()(ssl_st* tls) const {
  SSL_free(tls);
}

Answer<Channel> Channel::open(const ServerUrl& url, Socket socket,
                              SteadyClock::time_point deadline) {
  Channel channel(std::move(socket));
  if (!url.is_tls) return channel;
  ERR_clear_error();
  channel.context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!channel.context_) return unreachable("TLS cannot be used: " + reason());
  if (auto wrong = trust(*channel.context_, url); !wrong.empty())
    return Error{ErrorKind::invalid_argument, std::move(wrong), 0, {}, {}, {}};
  channel.tls_.reset(SSL_new(channel.context_.get()));
  SSL* tls = channel.tls_.get();
  if (tls == nullptr || SSL_set_fd(tls, channel.descriptor()) != 1)
    return unreachable("TLS cannot be used: " + reason());
  if (!is_address(url.host)) {
    // What the macro SSL_set_tlsext_host_name() does, with a cast that it spells the old way.
    SSL_ctrl(tls, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(url.host.c_str()));  // NOLINT
  }
  std::string shown;
  SSL_set_ex_data(tls, 0, &shown);
  SSL_set_verify(tls, SSL_VERIFY_PEER, [](int is_fine, X509_STORE_CTX* store) {
    auto* current =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    *static_cast<std::string*>(SSL_get_ex_data(current, 0)) =
        fingerprint_of(X509_STORE_CTX_get0_cert(store));
    return is_fine;
  });
  for (;;) {
    const int result = SSL_connect(tls);
    if (result == 1) break;
    const int error = SSL_get_error(tls, result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
      return handshake_failed(url, *tls, shown);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
    if (left.count() <= 0 ||
        !wait_for_socket(channel.descriptor(), error == SSL_ERROR_WANT_WRITE, left))
      return unreachable("what answers at " + url.text() +
                         " did not finish the TLS handshake in time");
  }
  SSL_set_ex_data(tls, 0, nullptr);
  SSL_set_verify(tls, SSL_VERIFY_PEER, nullptr);
  return channel;
}

/// What OpenSSL said, as the kernel would have said it.
ssize_t Channel::outcome(int result, bool is_writing) {
  waits_for_writing_ = is_writing;
  if (result > 0) return result;
  const int error = SSL_get_error(tls_.get(), result);
  ERR_clear_error();
  if (error == SSL_ERROR_ZERO_RETURN) return 0;
  waits_for_writing_ = error == SSL_ERROR_WANT_WRITE;
  errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
  return -1;
}

ssize_t Channel::receive(char* into, std::size_t size) {
  if (!tls_) return ::recv(descriptor(), into, size, 0);
  ERR_clear_error();
  return outcome(SSL_read(tls_.get(), into, static_cast<int>(size)), false);
}

ssize_t Channel::send(std::string_view bytes) {
  if (!tls_) {
    waits_for_writing_ = true;
    return ::send(descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  ERR_clear_error();
  return outcome(SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size())), true);
}

std::string canonical_fingerprint(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c == ':') continue;
    if (c >= 'a' && c <= 'f')
      digits += static_cast<char>(c - 'a' + 'A');
    else if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'))
      digits += c;
    else
      return {};
  }
  return digits.size() == digest_digits ? digits : std::string();
}

}  // namespace psmove::client
