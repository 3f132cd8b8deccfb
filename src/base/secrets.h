// What must never be seen in a message, a log, a record or a cache: signatures and tokens in addresses, user names and
// passwords before a host, and the secrets that hens finds in its environment.
//
// Everything that leaves the program as text or record passes through redacted(): the last line on stderr, the log,
// run.json and attempts, the notes of the cache, and what validate and fetch print. Pure but for reading the
// environment; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace hens {

// `text` with "***" in place of
// - what stands before the @ of a host: https://user:password@host/,
// - the value of a query's or fragment's parameter that carries a secret by its name: X-Amz-Signature,
// X-Amz-Credential,
//   X-Goog-Signature, sig (Azure), token, access_token, api_key, AWSAccessKeyId, password and their like,
// - the values of HF_TOKEN, HUGGING_FACE_HUB_TOKEN, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and DATABRICKS_TOKEN.
std::string redacted(std::string_view text);

// The same in every string (and key) of `json`.
nlohmann::json redacted_json(nlohmann::json json);
nlohmann::ordered_json redacted_json(nlohmann::ordered_json json);

// A URL without its signature and tokens, and without what only a signature needs (X-Amz-Date, Expires, Azure's se, sp
// ...): one object has one name, however and whenever it was signed.
std::string unsigned_url(const std::string& url);

}  // namespace hens
