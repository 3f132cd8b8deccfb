// The Hugging Face hub as its own client finds it: where it is, and with which token. Thread-safe as long as nobody
// changes the environment.
#pragma once

#include <string>
#include <vector>

namespace hens {

// HF_ENDPOINT, else https://huggingface.co; without a slash at its end.
std::string hugging_face_endpoint();

// The Authorization header for `address` where it lies on the hub and there is a token: HF_TOKEN, else
// HUGGING_FACE_HUB_TOKEN, else the first line of the file HF_TOKEN_PATH, else of HF_HOME/token
// (~/.cache/huggingface/token). Empty for every other host, for mirrors, and where the token would travel in clear text
// (http to another machine).
std::vector<std::string> hugging_face_headers(const std::string& address);

}  // namespace hens
