import pytest
from quick_nets import NETS
from sklearn.base import clone


@pytest.fixture(params=NETS)
def net(request):
    return clone(NETS[request.param])
