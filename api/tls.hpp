#pragma once
// Certificates: what a server shows, and how one is made that nobody has signed but ourselves.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace psmove::api {

/// What connections are encrypted with; goes on living with those that began with it.
using TlsContext = std::shared_ptr<ssl_ctx_st>;

struct LoadedTls {
  TlsContext context;
  std::string fingerprint;  ///< SHA-256 of the certificate: "AB:CD:…", 32 of them
  std::string warning;      ///< it can be used, but clients will not like it; one sentence
  std::string wrong;        ///< it cannot be used; one sentence
};

/// For TLS 1.2 and later.
/// @param certificate  PEM: the server's own first, then those that vouch for it
/// @param key          PEM, without a passphrase
[[nodiscard]] LoadedTls load_tls(const std::filesystem::path& certificate,
                                 const std::filesystem::path& key);

struct SelfSigned {
  std::string certificate;  ///< PEM
  std::string key;          ///< PEM
  std::string fingerprint;  ///< as above
  std::string wrong;        ///< one sentence, and then nothing else
};

/// ECDSA with P-256, good for ten years from yesterday.
/// @param names  what clients may call this machine: host names and literal addresses; the first
///               one is its subject
[[nodiscard]] SelfSigned make_certificate(const std::vector<std::string>& names);

/// Whether a certificate can be made for it: a host name or a literal address.
[[nodiscard]] bool is_certificate_name(std::string_view name);

}  // namespace psmove::api
