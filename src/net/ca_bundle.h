// Which certificate authorities are trusted: the system's, or those that the environment names, as behind a company's
// proxy that signs with a certificate of its own. Thread-safe as long as nobody changes the environment.
#pragma once

#include <string>

namespace hens {

struct CaBundle {
  std::string file, folder;  // empty: libcurl's default
  std::string origin;        // "SSL_CERT_FILE=/etc/company.pem"; empty: the system's
};

// The first that is set of CURL_CA_BUNDLE, SSL_CERT_FILE, REQUESTS_CA_BUNDLE (which may be a folder, too) names the
// file; SSL_CERT_DIR names a folder beside it. They take the place of the system's, as with other programs. Throws
// Error{unavailable} naming the variable whose path does not exist.
CaBundle ca_bundle();

}  // namespace hens
