#include "synth/synth_climate.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>

#include "grid/channels.h"

namespace hens {
namespace {

struct Level {
  int pressure;               // hPa
  ChannelClimate u, v, z, t;  // m s-1, m s-1, m2 s-2, K
  ChannelClimate q;           // kg kg-1
};

// The stratosphere is moister and more variable than ours (3e-6, 4e-7 at 50 hPa): states made by formula or from
// relative humidity are not exact there, and should lie a few deviations off, not thirty.
constexpr std::array<Level, 13> levels{{
    {50, {5.6f, 15.3f}, {0.01f, 7.1f}, {199400, 5880}, {212.5f, 10.3f}, {5.0e-6f, 4.0e-6f}},
    {100, {10.2f, 13.5f}, {0.01f, 7.5f}, {157600, 5510}, {208.4f, 12.5f}, {7.0e-6f, 6.0e-6f}},
    {150, {13.5f, 16.1f}, {-0.02f, 9.6f}, {133100, 5820}, {213.3f, 8.9f}, {1.2e-5f, 1.2e-5f}},
    {200, {14.2f, 17.7f}, {-0.04f, 11.9f}, {115300, 5820}, {218.0f, 7.2f}, {1.9e-5f, 2.2e-5f}},
    {250, {13.3f, 18.0f}, {-0.03f, 13.4f}, {101200, 5540}, {222.8f, 8.5f}, {5.6e-5f, 7.4e-5f}},
    {300, {11.8f, 17.1f}, {-0.02f, 13.4f}, {89400, 5090}, {228.9f, 10.7f}, {1.27e-4f, 1.7e-4f}},
    {400, {8.8f, 14.3f}, {0.01f, 11.2f}, {70100, 4150}, {242.1f, 12.7f}, {3.8e-4f, 5.0e-4f}},
    {500, {6.6f, 12.0f}, {-0.02f, 9.2f}, {54100, 3350}, {252.9f, 13.1f}, {8.5e-4f, 1.08e-3f}},
    {600, {4.8f, 10.3f}, {-0.03f, 7.8f}, {40600, 2700}, {261.1f, 13.4f}, {1.54e-3f, 1.77e-3f}},
    {700, {3.3f, 9.2f}, {0.02f, 6.9f}, {28900, 2140}, {267.4f, 14.8f}, {2.42e-3f, 2.54e-3f}},
    {850, {1.4f, 8.2f}, {0.14f, 6.3f}, {13750, 1470}, {274.6f, 15.6f}, {4.55e-3f, 4.1e-3f}},
    {925, {0.6f, 7.9f}, {0.2f, 6.5f}, {7010, 1230}, {277.4f, 16.1f}, {6.0e-3f, 5.1e-3f}},
    {1000, {-0.03f, 6.1f}, {0.19f, 5.3f}, {740, 1070}, {281.0f, 17.1f}, {7.0e-3f, 5.9e-3f}},
}};

struct Surface {
  std::string_view name;
  ChannelClimate climate;
};

constexpr std::array<Surface, 9> surface{{
    {"u10m", {-0.05f, 5.5f}},
    {"v10m", {0.19f, 4.75f}},
    {"u100m", {-0.02f, 6.8f}},
    {"v100m", {0.2f, 6.0f}},
    {"t2m", {278.5f, 21.2f}},
    {"sp", {96650, 9590}},
    {"msl", {100960, 1330}},
    {"tcwv", {18.5f, 16.4f}},
    {"d2m", {274.0f, 20.5f}},
}};

}  // namespace

ChannelClimate channel_climate(const std::string& channel) {
  const auto at_surface = std::ranges::find(surface, channel, &Surface::name);
  if (at_surface != surface.end()) return at_surface->climate;
  const ChannelInfo info = channel_info(channel);
  const auto level = std::ranges::find(levels, info.level.value_or(0), &Level::pressure);
  if (level == levels.end()) throw std::logic_error("no climate of channel " + channel);
  switch (info.quantity.front()) {
    case 'u':
      return level->u;
    case 'v':
      return level->v;
    case 'z':
      return level->z;
    case 't':
      return level->t;
    case 'q':
      return level->q;
    default:
      throw std::logic_error("no climate of channel " + channel);
  }
}

}  // namespace hens
