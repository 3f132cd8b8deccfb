// Who may reach a machine's SSH port: address ranges, and the address that one has oneself.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace hens::ec2 {

// Reads --ssh-cidr: IPv4 ranges (or addresses, which mean /32), separated by commas. Returned in canonical form, host
// bits cleared, sorted, without duplicates. Throws Error{usage} for another form and for ranges wider than /8: /0 opens
// the machine to everybody, and /1 twice does so, too.
std::vector<std::string> parse_cidrs(const std::string& text);

// Whether `text` is an IPv4 address in its usual form that a host on the internet can have.
bool is_public_ipv4(const std::string& text);

// The address that the internet sees us under, from AWS' own service over HTTPS ($HENS_EC2_CHECKIP_URL names another
// one, https or on this host). None where it does not answer, or not with one public IPv4 address.
std::optional<std::string> find_public_ip();

}  // namespace hens::ec2
