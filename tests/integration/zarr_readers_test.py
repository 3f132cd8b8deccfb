"""Opens stores that store_driver wrote with the readers that people use: xarray, zarr-python, TensorStore, netCDF4.

Values are compared bit by bit with the driver's formula, for each compression; each reader runs with every warning an
error. Usage: zarr_readers_test.py STORE_DRIVER
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest
import warnings

import netCDF4
import numpy as np
import tensorstore
import xarray as xr
import zarr

warnings.simplefilter("error")

VARIABLES = ["u10m", "v10m", "z500"]
SHAPE = (3, 2, 4, 19, 36)  # ensemble, time, lead_time, lat, lon
DIMENSIONS = ("ensemble", "time", "lead_time", "lat", "lon")
TIMES = np.array(["2024-01-01T00", "2024-02-28T18"], "datetime64[ns]")
LEADS = np.array([0, 6, 12, 18], "timedelta64[h]").astype("timedelta64[ns]")
DRIVER = None


def expected_bits(variable):
    """The driver's formula: uint32 [ensemble, time, lead_time, lat, lon]."""
    member, time, lead, point = np.ix_(range(3), range(2), range(4), range(19 * 36))
    place = (((VARIABLES.index(variable) * 2 + time) * 3 + member) * 4 + lead) * 1000 + point
    bits = ((place.astype(np.uint64) * 2654435761) % 2**32).astype(np.uint32)
    bits[..., 0] = 0x7FC00001
    return bits.reshape(SHAPE)


def write_store(folder, form, compression):
    subprocess.run([DRIVER, str(folder), form, compression], check=True)
    return folder


class Reading(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def assert_bits_equal(self, values, bits):
        self.assertEqual(values.dtype, np.float32)
        np.testing.assert_array_equal(np.ascontiguousarray(values).view(np.uint32), bits, strict=True)

    def assert_same_bits(self, values, variable):
        self.assert_bits_equal(values, expected_bits(variable))

    def assert_decoded(self, dataset):
        """Coordinates and attributes as xarray's users, Earth2Studio and WeatherBench-X want them."""
        self.assertEqual(sorted(dataset.data_vars), VARIABLES)
        self.assertEqual(set(dataset.coords), {*DIMENSIONS, "valid_time"})
        np.testing.assert_array_equal(dataset.ensemble, np.arange(3, dtype=np.int32), strict=False)
        self.assertEqual(dataset.ensemble.dtype, np.int32)
        np.testing.assert_array_equal(dataset.time.values, TIMES, strict=True)
        np.testing.assert_array_equal(dataset.lead_time.values, LEADS, strict=True)
        np.testing.assert_array_equal(dataset.valid_time.values, TIMES[:, None] + LEADS[None, :], strict=True)
        self.assertEqual(dataset.valid_time.dims, ("time", "lead_time"))
        np.testing.assert_array_equal(dataset.lat.values, np.linspace(90.0, -90.0, 19), strict=True)
        np.testing.assert_array_equal(dataset.lon.values, np.arange(0.0, 360.0, 10.0), strict=True)
        self.assertEqual(dataset.time.attrs["standard_name"], "forecast_reference_time")
        self.assertEqual(dataset.lead_time.attrs["standard_name"], "forecast_period")
        self.assertEqual(dataset.ensemble.attrs["standard_name"], "realization")
        self.assertEqual(dataset.z500.attrs["standard_name"], "geopotential")
        self.assertEqual(dataset.z500.attrs["units"], "m2 s-2")
        self.assertTrue(dataset.attrs["Conventions"].startswith("CF-1."))
        self.assertEqual(dataset.attrs["source"], "hens, test")

    def test_xarray_opens_zarr(self):
        for compression in ("none", "lz4", "zstd"):
            with self.subTest(compression):
                path = write_store(self.folder / f"{compression}.zarr", "zarr", compression)
                for arguments in ({}, {"consolidated": True}, {"consolidated": False}, {"chunks": {}}):
                    with xr.open_zarr(path, **arguments) as dataset:
                        self.assert_decoded(dataset)
                        for variable in VARIABLES:
                            self.assertEqual(dataset[variable].dims, DIMENSIONS)
                            self.assert_same_bits(dataset[variable].values, variable)

    def test_xarray_opens_zarr_where_fill_values_are_masks(self):
        path = write_store(self.folder / "s.zarr", "zarr", "none")
        with xr.open_zarr(path, use_zarr_fill_value_as_mask=True, mask_and_scale=True) as dataset:
            np.testing.assert_array_equal(dataset.lead_time.values, LEADS, strict=True)
            np.testing.assert_array_equal(dataset.ensemble.values, [0, 1, 2])

    def test_selects_as_forecasters_do(self):
        path = write_store(self.folder / "s.zarr", "zarr", "lz4")
        with xr.open_zarr(path) as dataset:
            field = dataset.z500.sel(ensemble=2, time="2024-02-28T18", lead_time=np.timedelta64(12, "h"))
            self.assertEqual(field.valid_time.values, np.datetime64("2024-02-29T06", "ns"))
            np.testing.assert_array_equal(field.values.view(np.uint32), expected_bits("z500")[2, 1, 2])

    def test_has_what_scoring_and_restarting_tools_ask_for(self):
        path = write_store(self.folder / "s.zarr", "zarr", "none")
        with xr.open_zarr(path) as dataset:
            # WeatherBench-X, PredictionsFromXarray(rename_dimensions={"time": "init_time"})
            renamed = dataset.rename({"lat": "latitude", "lon": "longitude"}).rename({"time": "init_time"})
            chunk = renamed[["u10m"]].sel(init_time=TIMES[1:], lead_time=np.array([6, 18], "timedelta64[h]"))
            self.assert_bits_equal(chunk.u10m, expected_bits("u10m")[:, 1:, [1, 3]])
            # Earth2Studio's sources: one array with the dimension `variable`, selected by time and names
            member = dataset.sel(ensemble=1, lead_time=np.timedelta64(6, "h")).to_dataarray(dim="variable")
            state = member.sel(time=TIMES[:1], variable=["z500", "u10m"]).transpose("time", "variable", "lat", "lon")
            self.assert_bits_equal(state[0, 0], expected_bits("z500")[1, 0, 1])
            self.assert_bits_equal(state[0, 1], expected_bits("u10m")[1, 0, 1])

    def test_zarr_python_opens_zarr(self):
        for compression in ("none", "lz4", "zstd"):
            with self.subTest(compression):
                path = write_store(self.folder / f"{compression}.zarr", "zarr", compression)
                group = zarr.open_group(path, mode="r")
                self.assertIsNotNone(group.metadata.consolidated_metadata)
                for variable in VARIABLES:
                    array = group[variable]
                    self.assertEqual(array.shards, (1, 1, 4, 19, 36))
                    self.assertEqual(array.chunks, (1, 1, 1, 19, 36))
                    self.assertEqual(array.metadata.dimension_names, DIMENSIONS)
                    self.assert_same_bits(array[...], variable)
                    np.testing.assert_array_equal(array[1, 1, 3].view(np.uint32), expected_bits(variable)[1, 1, 3])

    def test_tensorstore_opens_zarr(self):
        for compression in ("none", "lz4", "zstd"):
            with self.subTest(compression):
                path = write_store(self.folder / f"{compression}.zarr", "zarr", compression)
                for variable in VARIABLES:
                    array = tensorstore.open(
                        {"driver": "zarr3", "kvstore": {"driver": "file", "path": str(path / variable)}}, read=True
                    ).result()
                    self.assertEqual(tuple(d.label for d in array.domain), DIMENSIONS)
                    self.assert_same_bits(array.read().result(), variable)

    def test_every_reader_notices_a_flipped_byte(self):
        for compression in ("none", "lz4", "zstd"):
            with self.subTest(compression):
                path = write_store(self.folder / f"{compression}.zarr", "zarr", compression)
                shard = path / "u10m" / "c.0.0.0.0.0"
                damaged = bytearray(shard.read_bytes())
                damaged[100] ^= 1
                shard.write_bytes(damaged)
                with self.assertRaisesRegex(Exception, "(?i)checksum|crc32c|digest mismatch"):
                    zarr.open_group(path, mode="r")["u10m"][0, 0, 0]
                array = tensorstore.open(
                    {"driver": "zarr3", "kvstore": {"driver": "file", "path": str(path / "u10m")}}, read=True
                ).result()
                with self.assertRaisesRegex(Exception, "(?i)checksum|crc32c|digest mismatch"):
                    array[0, 0, 0].read().result()

    def test_xarray_joins_netcdf_files_by_coordinates(self):
        for compression in ("none", "zstd"):
            with self.subTest(compression):
                folder = write_store(self.folder / f"{compression}.netcdf", "netcdf", compression)
                files = sorted(folder.iterdir())
                self.assertEqual(len(files), 6)
                self.assertEqual(files[-1].name, "20240228T18_member_0002.nc")
                with xr.open_mfdataset(
                    files, combine="by_coords", data_vars="all", coords="minimal", compat="override", join="outer"
                ) as dataset:
                    self.assert_decoded(dataset)
                    for variable in VARIABLES:
                        self.assertEqual(dataset[variable].dims, DIMENSIONS)
                        self.assert_same_bits(dataset[variable].values, variable)

    def test_netcdf4_python_reads_netcdf(self):
        folder = write_store(self.folder / "s.netcdf", "netcdf", "none")
        with netCDF4.Dataset(folder / "20240101T00_member_0001.nc") as dataset:
            dataset.set_auto_mask(False)
            self.assertEqual(dataset["v10m"].dimensions, DIMENSIONS)
            self.assertTrue(np.isnan(dataset["v10m"]._FillValue))
            values = dataset["v10m"][0, 0]
            np.testing.assert_array_equal(values.view(np.uint32), expected_bits("v10m")[1, 0])


if __name__ == "__main__":
    DRIVER = sys.argv.pop(1)
    unittest.main()
