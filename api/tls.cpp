#include "api/tls.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace psmove::api {
namespace {

template <auto free_it>
struct Free {
  template <class Thing>
  void operator()(Thing* thing) const {
    free_it(thing);
  }
};
template <class Thing, auto free_it>
using Owned = std::unique_ptr<Thing, Free<free_it>>;
using Certificate = Owned<X509, X509_free>;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using Bio = Owned<BIO, BIO_free_all>;

constexpr long day_s = 24L * 60 * 60;
constexpr long lifetime_s = 3650 * day_s;
constexpr std::size_t serial_bytes = 16;
constexpr std::size_t longest_name = 253;
constexpr std::size_t longest_subject = 64;

/// What OpenSSL says last, for the end of a sentence.
std::string reason() {
  const auto code = ERR_peek_last_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return text == nullptr ? "OpenSSL does not say why" : text;
}

std::string fingerprint_of(const X509& certificate) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  if (X509_digest(&certificate, EVP_sha256(), hash.data(), &size) != 1) return {};
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    if (i > 0) text += ':';
    text += digits[hash[i] >> 4U];
    text += digits[hash[i] & 15U];
  }
  return text;
}

bool can_be_read(const std::filesystem::path& path) {
  const std::unique_ptr<std::FILE, decltype(&std::fclose)> file(std::fopen(path.c_str(), "re"),
                                                                &std::fclose);
  return file != nullptr && std::fgetc(file.get()) != EOF;
}

/// A daemon cannot be asked for a passphrase.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

/// HTTP/1.1 is all there is; a client that offers something else only is served all the same.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr std::array<unsigned char, 9> ours{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, ours.data(), ours.size(), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

void set_rules(SSL_CTX& context) {
  SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
  // With TLS 1.2 only what keeps yesterday's recordings secret when a key is lost tomorrow.
  SSL_CTX_set_cipher_list(&context, "ECDHE+AESGCM:ECDHE+CHACHA20");
  // Many programs end without a goodbye; that a body is whole, HTTP knows.
  SSL_CTX_set_options(
      &context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(&context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(&context, no_passphrase);
  SSL_CTX_set_alpn_select_cb(&context, choose_protocol, nullptr);
}

bool is_address(const std::string& name) {
  in6_addr binary{};
  return ::inet_pton(AF_INET, name.c_str(), &binary) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), &binary) == 1;
}

LoadedTls refused(std::string wrong) {
  ERR_clear_error();
  return {.context = {}, .fingerprint = {}, .warning = {}, .wrong = std::move(wrong)};
}

template <class Write>
std::string pem(Write write) {
  const Bio memory(BIO_new(BIO_s_mem()));
  if (!memory || write(memory.get()) != 1) return {};
  char* text = nullptr;
  const long size = BIO_ctrl(memory.get(), BIO_CTRL_INFO, 0, &text);
  return {text, static_cast<std::size_t>(size)};
}

bool add_extension(X509& certificate, int which, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, &certificate, &certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, which, value.c_str()));
  return extension && X509_add_ext(&certificate, extension.get(), -1) == 1;
}

/// A number that no other certificate has.
bool set_serial(X509& certificate) {
  std::array<unsigned char, serial_bytes> bytes{};
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) return false;
  bytes[0] &= 0x7FU;  // it has to be positive
  const Owned<BIGNUM, BN_free> number(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&certificate)) != nullptr;
}

/// Issuer and subject are one.
bool set_names(X509& certificate, const std::vector<std::string>& names) {
  const auto subject = names.front().substr(0, longest_subject);
  X509_NAME* name = X509_get_subject_name(&certificate);
  if (X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1,
                                 0) != 1 ||
      X509_set_issuer_name(&certificate, name) != 1)
    return false;
  std::string all;
  for (const auto& each : names) {
    if (!all.empty()) all += ',';
    all += (is_address(each) ? "IP:" : "DNS:") + each;
  }
  return add_extension(certificate, NID_subject_alt_name, all);
}

}  // namespace

LoadedTls load_tls(const std::filesystem::path& certificate, const std::filesystem::path& key) {
  ERR_clear_error();
  for (const auto& path : {certificate, key}) {
    errno = 0;
    if (!can_be_read(path))
      return refused("cannot read " + path.string() + ": " +
                     (errno == 0 ? "it is empty" : std::strerror(errno)));
  }
  LoadedTls loaded;
  loaded.context = TlsContext(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!loaded.context) return refused("TLS cannot be used: " + reason());
  SSL_CTX& context = *loaded.context;
  set_rules(context);
  if (SSL_CTX_use_certificate_chain_file(&context, certificate.c_str()) != 1)
    return refused(certificate.string() + " is no certificate in PEM: " + reason());
  if (SSL_CTX_use_PrivateKey_file(&context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    const auto code = ERR_GET_REASON(ERR_peek_last_error());
    if (code == X509_R_KEY_VALUES_MISMATCH || code == X509_R_KEY_TYPE_MISMATCH)
      return refused(key.string() + " is the key of another certificate than " +
                     certificate.string());
    return refused(key.string() + " is no key in PEM without a passphrase: " + reason());
  }
  const X509* own = SSL_CTX_get0_certificate(&context);
  loaded.fingerprint = fingerprint_of(*own);
  if (X509_cmp_current_time(X509_get0_notAfter(own)) < 0)
    loaded.warning = "the certificate " + certificate.string() + " has expired";
  else if (X509_cmp_current_time(X509_get0_notBefore(own)) > 0)
    loaded.warning = "the certificate " + certificate.string() + " is not valid yet";
  return loaded;
}

SelfSigned make_certificate(const std::vector<std::string>& names) {
  ERR_clear_error();
  SelfSigned made;
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  if (key && certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
      set_serial(*certificate) &&
      X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -day_s) != nullptr &&
      X509_gmtime_adj(X509_getm_notAfter(certificate.get()), lifetime_s) != nullptr &&
      X509_set_pubkey(certificate.get(), key.get()) == 1 && set_names(*certificate, names) &&
      add_extension(*certificate, NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(*certificate, NID_key_usage, "critical,digitalSignature") &&
      add_extension(*certificate, NID_ext_key_usage, "serverAuth") &&
      X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0) {
    made.certificate = pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate.get()); });
    made.key = pem([&](BIO* out) {
      return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    made.fingerprint = fingerprint_of(*certificate);
  }
  if (made.certificate.empty() || made.key.empty())
    return {.certificate = {},
            .key = {},
            .fingerprint = {},
            .wrong = "no certificate could be made: " + reason()};
  return made;
}

bool is_certificate_name(std::string_view name) {
  if (is_address(std::string(name))) return true;
  return !name.empty() && name.size() <= longest_name && name.front() != '.' &&
         name.back() != '.' && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.' || c == '_';
         });
}

}  // namespace psmove::api
