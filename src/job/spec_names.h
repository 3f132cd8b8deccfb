// How the spec spells its enumerations: one table for reading, for JSON and for messages.
#pragma once

#include "job/section_reader.h"

namespace hens {

inline const EnumNames<SourceKind>& source_names() {
  static const EnumNames<SourceKind> names{{{"gfs", SourceKind::gfs},
                                            {"grib", SourceKind::grib},
                                            {"netcdf", SourceKind::netcdf},
                                            {"makani", SourceKind::makani},
                                            {"zarr", SourceKind::zarr},
                                            {"analytic", SourceKind::analytic}}};
  return names;
}

inline const EnumNames<StateCheck>& check_names() {
  static const EnumNames<StateCheck> names{{{"strict", StateCheck::strict}, {"finite", StateCheck::finite}}};
  return names;
}

inline const EnumNames<PerturbationMethod>& perturbation_names() {
  static const EnumNames<PerturbationMethod> names{
      {{"none", PerturbationMethod::none},
       {"correlated_spherical_gaussian", PerturbationMethod::correlated_spherical_gaussian},
       {"hemispheric_centred_bred_vector", PerturbationMethod::hemispheric_centred_bred_vector}}};
  return names;
}

inline const EnumNames<PerturbationMethod>& noise_names() {
  static const EnumNames<PerturbationMethod> names{
      {{"correlated_spherical_gaussian", PerturbationMethod::correlated_spherical_gaussian}}};
  return names;
}

inline const EnumNames<StoreFormat>& format_names() {
  static const EnumNames<StoreFormat> names{
      {{"zarr", StoreFormat::zarr}, {"netcdf", StoreFormat::netcdf}, {"grib2", StoreFormat::grib2}}};
  return names;
}

inline const EnumNames<GribFiles>& grib_files_names() {
  static const EnumNames<GribFiles> names{{{"member", GribFiles::member}, {"lead", GribFiles::lead}}};
  return names;
}

inline const EnumNames<OutputLayout>& layout_names() {
  static const EnumNames<OutputLayout> names{
      {{"hens", OutputLayout::hens}, {"weatherbench", OutputLayout::weatherbench}, {"cf", OutputLayout::cf}}};
  return names;
}

inline const EnumNames<Compression>& compression_names() {
  static const EnumNames<Compression> names{
      {{"none", Compression::none}, {"lz4", Compression::lz4}, {"zstd", Compression::zstd}}};
  return names;
}

inline const EnumNames<EngineKind>& engine_names() {
  static const EnumNames<EngineKind> names{
      {{"auto", EngineKind::automatic}, {"reference", EngineKind::reference}, {"fast", EngineKind::fast}}};
  return names;
}

inline const EnumNames<Precision>& precision_names() {
  static const EnumNames<Precision> names{{{"fp32", Precision::fp32}, {"tf32", Precision::tf32}}};
  return names;
}

inline const EnumNames<SunKind>& sun_names() {
  static const EnumNames<SunKind> names{{{"float32", SunKind::float32}, {"float64", SunKind::float64}}};
  return names;
}

inline const EnumNames<Reduce>& reduce_names() {
  static const EnumNames<Reduce> names{{{"none", Reduce::none},
                                        {"mean", Reduce::mean},
                                        {"max", Reduce::max},
                                        {"min", Reduce::min},
                                        {"sum", Reduce::sum}}};
  return names;
}

inline const EnumNames<Exceedance>& comparison_names() {
  static const EnumNames<Exceedance> names{{{"at_least", Exceedance::at_least}, {"above", Exceedance::above}}};
  return names;
}

inline const EnumNames<PointMethod>& point_method_names() {
  static const EnumNames<PointMethod> names{{{"nearest", PointMethod::nearest}, {"bilinear", PointMethod::bilinear}}};
  return names;
}

inline const EnumNames<TrackerKind>& tracker_names() {
  static const EnumNames<TrackerKind> names{
      {{"hens", TrackerKind::hens}, {"wuduan", TrackerKind::wuduan}, {"vitart", TrackerKind::vitart}}};
  return names;
}

template <typename Enum>
const std::string& name_of(Enum value, const EnumNames<Enum>& names) {
  for (const auto& [name, meaning] : names.names) {
    if (meaning == value) return name;
  }
  throw std::logic_error("an enumeration's value has no name");
}

}  // namespace hens
