import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from latentseq import networks
from latentseq.networks import ConvolutionalDecoder, ConvolutionalEncoder, Dropout, dense_layers, reduced_lengths
from latentseq.vae import VAE, Architecture, BlockSpec
from torch import nn

COLUMNS, LAYERS, STATES = st.integers(1, 70), st.integers(1, 3), st.integers(4, 5)


@pytest.mark.parametrize(
    ("columns", "layers", "lengths"),
    [(1, 3, [1, 1, 1, 1]), (4, 1, [4, 1]), (5, 2, [5, 2, 1]), (70, 3, [70, 18, 5, 2]), (64, 3, [64, 16, 4, 1])],
)
def test_reduced_lengths(columns, layers, lengths):
    assert reduced_lengths(columns, layers) == lengths


@settings(max_examples=60)
@given(COLUMNS, LAYERS, STATES)
def test_shapes_there_and_back(columns, layers, states):
    encoder = ConvolutionalEncoder(columns, states, 6, layers, 0.0)
    decoder = ConvolutionalDecoder(columns, states, 2, 6, layers, 0.0)
    assert encoder(torch.rand(3, columns * states)).shape == (3, 6)
    assert decoder(torch.randn(3, 2)).shape == (3, columns * states)


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("columns", [*range(1, 71), 255, 256, 257])
def test_every_number_of_columns(columns, layers, monkeypatch):
    monkeypatch.setattr(networks, "CHANNELS", 2)
    encoder = ConvolutionalEncoder(columns, 4, 3, layers, 0.0)
    decoder = ConvolutionalDecoder(columns, 4, 2, 3, layers, 0.0)
    assert encoder(torch.rand(2, columns * 4)).shape == (2, 3)
    assert decoder(torch.randn(2, 2)).shape == (2, columns * 4)


@settings(max_examples=30)
@given(COLUMNS, LAYERS, st.sampled_from(["mlp", "conv"]))
def test_gradients_reach_every_parameter(columns, layers, network):
    block = BlockSpec("bases", tuple(map(str, range(columns))), "categorical", 1.0, "ACGT")
    torch.manual_seed(1)
    model = VAE(Architecture((block,), 2, 5, layers, 0.0, network))
    x = torch.randint(0, 4, (16, columns), dtype=torch.uint8)
    model(x, kl_weight=1.0).total.mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@settings(max_examples=30)
@given(COLUMNS, LAYERS, st.data())
def test_every_column_is_read_and_written(columns, layers, data):
    """No column falls off at the end, where the length is no multiple of the stride."""
    column = data.draw(st.integers(0, columns - 1))
    torch.manual_seed(2)
    encoder = ConvolutionalEncoder(columns, 4, 8, layers, 0.0).eval()
    decoder = ConvolutionalDecoder(columns, 4, 2, 8, layers, 0.0).eval()
    x = torch.rand(1, columns * 4, requires_grad=True)
    encoder(x).square().sum().backward()
    assert (x.grad.view(columns, 4)[column] != 0).any()
    z = torch.randn(1, 2, requires_grad=True)
    decoder(z).view(columns, 4)[column].sum().backward()
    assert (z.grad != 0).any()


def test_convolutions_see_their_neighbours_alone():
    """Kernel 8, stride 4: the first outputs do not depend on the last columns."""
    encoder = ConvolutionalEncoder(40, 4, 8, 1, 0.0).eval()
    x = torch.rand(1, 160)
    other = x.clone()
    other[:, 24 * 4 :] += 1
    planes = [encoder.convolutions[0](v.view(1, 40, 4).transpose(1, 2)) for v in (x, other)]
    assert torch.equal(planes[0][:, :, :5], planes[1][:, :, :5])
    assert not torch.equal(planes[0][:, :, 6:], planes[1][:, :, 6:])


def test_dense_layers_are_layer_activation_normalisation_dropout():
    layers = dense_layers([4, 3, 2], 0.25)
    assert [type(layer) for layer in layers] == 2 * [nn.Linear, nn.LeakyReLU, nn.BatchNorm1d, Dropout]
    assert [layer.p for layer in layers if isinstance(layer, Dropout)] == [0.25, 0.25]
    assert layers(torch.randn(5, 4)).shape == (5, 2)


def test_no_layers_pass_on_what_they_get():
    x = torch.randn(5, 4)
    assert dense_layers([4], 0.5)(x) is x


def test_dropout_keeps_the_mean_and_the_share():
    torch.manual_seed(0)
    out = Dropout(0.2)(torch.ones(1001, 37))
    assert (out == 0).float().mean() == pytest.approx(51 / 256, abs=0.01)  # 0.2 in 256ths
    assert out.unique().tolist() == [0, pytest.approx(256 / 205)]
    assert out.mean() == pytest.approx(1, abs=0.01)
    kept = out != 0
    for other in (kept[:, 1:] & kept[:, :-1], kept[1:] & kept[:-1]):  # units of one draw do not hang together
        assert other.float().mean() == pytest.approx((205 / 256) ** 2, abs=0.01)


def test_dropout_of_nothing_and_outside_training():
    x = torch.randn(5, 4)
    assert Dropout(0.0)(x) is x
    assert Dropout(0.5).eval()(x) is x
