"""Each format as its makers document it, and as it is met."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from forecourt.core.records import Vehicle
from forecourt.feeds.records import FeedFormat

ACCORD = Vehicle(
    id="A-17",
    vin="1HGCM82633A004352",
    title="2003 Honda Accord EX",
    condition="Used",
    body_type="sedan",
    color="Brilliant Red Metallic",
    url="https://www.example.com/a-17",
    images=("https://img.example.com/1.jpg", "https://img.example.com/2.jpg"),
)

GOOGLE_ADS = """\
id\tvin\tstore_code\tbrand\tmodel\tyear\ttrim\tcondition\tmileage\tcolor\tprice\timage_link\
\tadditional_image_link\tlink\tlink_template\tgoogle_product_category\tcertified_pre-owned\
\tbody_style
A-17\t1HGCM82633A004352\tS1\tHonda\tAccord\t2003\tEX\tUsed\t12000 miles\tBrilliant Red Metallic\
\t9000 USD\thttps://img.example.com/1.jpg\thttps://img.example.com/2.jpg\thttps://www.example.com/a-17\
\thttps://www.example.com/a-17?store={store_code}\t916\tno\tsedan
"""

GOOGLE_ADS_XML = """\
<?xml version="1.0"?>
<rss xmlns:g="http://base.google.com/ns/1.0" version="2.0">
<channel>
<title>Honda of Example &amp; Sons</title>
<link>https://www.example.com</link>
<item>
  <g:id>A-17</g:id>
  <g:vin>1hgcm82633a004352</g:vin>
  <g:brand>Honda</g:brand><g:model>Accord</g:model><g:year>2003</g:year><g:trim>EX</g:trim>
  <g:condition>Used</g:condition>
  <g:color>Brilliant Red Metallic</g:color>
  <g:body_style>sedan</g:body_style>
  <g:image_link>https://img.example.com/1.jpg</g:image_link>
  <g:additional_image_link><![CDATA[https://img.example.com/2.jpg]]></g:additional_image_link>
  <g:link>https://www.example.com/a-17</g:link>
  <g:vehicle_fulfillment><g:option>in_store</g:option><g:store_code>S1</g:store_code></g:vehicle_fulfillment>
</item>
</channel>
</rss>
"""

GOOGLE_LISTINGS = """\
vin,id,store_code,place_id,dealership_name,image_link,additional_image_link,additional_image_link,link,\
date_in_stock,condition,certified_pre_owned,make,model,trim,year,exterior_color,body_type
1HGCM82633A004352,A-17,S1,ChIJ,Example Cars,https://img.example.com/1.jpg,https://img.example.com/2.jpg,\
https://img.example.com/1.jpg,https://www.example.com/a-17,2026-01-03,u,0,Honda,Accord,EX,2003,\
Brilliant Red Metallic,sedan
"""

META_INDEXED = """\
vehicle_id,vin,make,model,year,trim,State  of  Vehicle,condition,vehicle_type,body_style,\
exterior_color,image[1].url,image[0].tag[0],image[0].url,url,address,mileage.value
A-17,1HGCM82633A004352,Honda,Accord,2003,EX,USED,EXCELLENT,car_truck,sedan,Brilliant Red Metallic,\
https://img.example.com/2.jpg,dealer,https://img.example.com/1.jpg,https://www.example.com/a-17,\
"{""city"": ""Austin""}",12000
"""

META_JSON = """\
vehicle_id\tvin\tmake\tmodel\tyear\ttrim\tstate_of_vehicle\tbody_style\texterior_color\timage\turl
A-17\t1HGCM82633A004352\tHonda\tAccord\t2003\tEX\tUsed\tsedan\tBrilliant Red Metallic\
\t"[{""url"": ""https:\\/\\/img.example.com\\/1.jpg"", ""tag"": [""dealer""]}, {""url"": ""https://img.example.com/2.jpg""}]"\
\thttps://www.example.com/a-17
"""

META_XML = """\
<listings>
<title>Example Cars</title>
<listing>
  <vehicle_id>A-17</vehicle_id>
  <vin>1HGCM82633A004352</vin>
  <make>Honda</make><model>Accord</model><year>2003</year><trim>EX</trim>
  <state_of_vehicle>Used</state_of_vehicle>
  <body_style>sedan</body_style>
  <exterior_color>Brilliant Red Metallic</exterior_color>
  <image><url>https://img.example.com/1.jpg</url><tag>dealer</tag></image>
  <image><url>https://img.example.com/2.jpg</url></image>
  <url>https://www.example.com/a-17</url>
  <address format="simple"><component name="city">Austin</component></address>
</listing>
</listings>
"""

DEALER = """\
"Stock #","VIN","Year","Make","Model","Series","New / Used","Certified","Body","Color",\
"Vehicle Dealer Website VDP URL","Image  Urls"
"A-17","1HGCM82633A004352","2003","Honda","Accord","EX","Used","N","sedan",\
"Brilliant Red Metallic","https://www.example.com/a-17","https://img.example.com/1.jpg, https://img.example.com/2.jpg"
"""

DEALER_WITH_CONDITION_IN_TITLE = """\
StockNumber|VIN|Title|Year|Brand|Model|Trim|Type|ExteriorColor|VDP|PhotoURLs
A-17|1HGCM82633A004352|Used|2003|Honda|Accord|EX|sedan|Brilliant Red Metallic|https://www.example.com/a-17\
|https://img.example.com/1.jpg,https://img.example.com/2.jpg
"""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(GOOGLE_ADS, FeedFormat.GOOGLE_VEHICLE_ADS, id="google ads, tabs"),
        pytest.param(GOOGLE_ADS_XML, FeedFormat.GOOGLE_VEHICLE_ADS, id="google ads, XML"),
        pytest.param(GOOGLE_LISTINGS, FeedFormat.GOOGLE_VEHICLE_LISTINGS, id="google listings"),
        pytest.param(META_INDEXED, FeedFormat.META, id="meta, a column for each image"),
        pytest.param(META_JSON, FeedFormat.META, id="meta, images as JSON"),
        pytest.param(META_XML, FeedFormat.META, id="meta, XML"),
        pytest.param(DEALER, FeedFormat.DEALER, id="dealer"),
        pytest.param(DEALER_WITH_CONDITION_IN_TITLE, FeedFormat.DEALER, id="dealer, bars"),
    ],
)
@pytest.mark.parametrize("name", ["feed", "feed.json"])
def test_the_same_vehicle_in_every_format(
    read: Any, content: str, expected: FeedFormat, name: str
) -> None:
    found = read(content, name)  # whatever the name of the file says
    assert found.vehicle == ACCORD
    assert found.feed.format is expected


def test_scrape_json__every_field_as_given(read: Any) -> None:
    vehicle = {name: getattr(ACCORD, name) for name in Vehicle.__slots__}
    document = {"advertiser": " acme ", "scraped_at": "2026-11-23T06:00:00Z", "vehicles": [vehicle]}
    found = read(json.dumps(document))
    assert found.vehicle == ACCORD
    assert found.feed.format is FeedFormat.SCRAPE
    assert found.feed.advertiser == "acme"
    assert found.feed.scraped_at == datetime(2026, 11, 23, 6, tzinfo=UTC)


def test_scrape_json__advertiser_and_time_behind_the_vehicles(read: Any) -> None:
    vehicles = [{"id": str(n), "title": 'a ] " \\ {', "images": []} for n in range(3000)]
    document = {"more": [{}], "vehicles": vehicles, "n": 1.5, "scraped_at": "2026-11-23"}
    found = read(json.dumps({**document, "advertiser": "acme"}))
    assert len(found.vehicles) == 3000
    assert found.feed.advertiser == "acme"
    assert found.feed.scraped_at == datetime(2026, 11, 23, tzinfo=UTC)


def test_scrape_json__a_bare_list(read: Any) -> None:
    found = read('[{"id": "1", "images": []}, {"id": "2"}]')
    assert found.ids == ["1", "2"]
    assert found.feed.advertiser is None


def test_scrape_json__an_empty_inventory_is_an_answer(read: Any) -> None:
    assert read('{"advertiser": "acme", "vehicles": []}').vehicles == []


def test_scrape_json__id_is_the_id_whatever_else_is_numbered(read: Any) -> None:
    found = read('[{"stock": "S1", "id": 7, "images": []}, {"stock": "S2", "id": null}]')
    assert found.ids == ["7", "S2"]


def test_scrape_json__numbers_stay_as_they_are_written(read: Any) -> None:
    assert read('[{"id": 12345678901234567890123, "year": 2003.50}]').vehicle == Vehicle(
        id="12345678901234567890123", title="2003.50"
    )


def test_scrape_json__vehicles_of_schema_org(read: Any) -> None:
    vehicle = {
        "@type": "Car",
        "vehicleIdentificationNumber": "1HGCM82633A004352",
        "name": "Accord",
        "brand": {"@type": "Brand", "name": "Honda"},
        "bodyType": "sedan",
        "color": "Red",
        "itemCondition": "https://schema.org/UsedCondition",
        "image": ["https://a.example/1.jpg", {"contentUrl": "https://a.example/2.jpg"}],
    }
    assert read(json.dumps([vehicle])).vehicle == Vehicle(
        id="1HGCM82633A004352",
        vin="1HGCM82633A004352",
        title="Accord",
        condition="Used",
        body_type="sedan",
        color="Red",
        images=("https://a.example/1.jpg", "https://a.example/2.jpg"),
    )


@pytest.mark.parametrize(
    "images",
    [
        "<images><image>{0}</image><image>{1}</image></images>",
        '<images><image url="{0}"/><image url="{1}"/></images>',
        "<Photos><Photo><Url>{0}</Url></Photo><Photo><Url>{1}</Url></Photo></Photos>",
        "<photos>{0},{1}</photos>",
        "<pictures><picture>{0}</picture><picture>{1}</picture></pictures>",
        "<images><item>{0}</item><item>{1}</item></images>",
        "<image_1>{0}</image_1><image_2>{1}</image_2>",
        '<images><image URL="{0}"/><image Url="{1}"/></images>',
        '<Image URL="{0}"/><Image URL="{1}"/>',
        "<Images><ImageURL>{0}</ImageURL><ImageURL>{1}</ImageURL></Images>",
        "<pics><pic>{0}</pic><pic>{1}</pic></pics>",
    ],
)
def test_xml__ways_to_list_images(read: Any, images: str) -> None:
    listed = images.format("https://a.example/1.jpg", "https://a.example/2.jpg")
    found = read(f'<inventory><vehicle id="7">{listed}</vehicle></inventory>')
    assert found.vehicle.id == "7"
    assert found.vehicle.images == ("https://a.example/1.jpg", "https://a.example/2.jpg")


@pytest.mark.parametrize("heading", ["Ext Colour", "Ext. Color", "ExtColour", "Color Name"])
@pytest.mark.parametrize("number", ["Stock No.", "Stk #", "Unit #"])
@pytest.mark.parametrize("images", ["ImageLinks", "Main Photo", "Photo URL(s)", "Image1URL"])
def test_dealer__headings_as_people_write_them(
    read: Any, heading: str, number: str, images: str
) -> None:
    found = read(f"{number},{heading},{images}\nS1,Red,https://a.example/1.jpg\n")
    assert found.vehicle == Vehicle(id="S1", color="Red", images=("https://a.example/1.jpg",))


def test_xml__name_spaces_are_any_and_need_no_declaration(read: Any) -> None:
    found = read("<x:feed><x:entry><y:id>7</y:id><z:color>Red</z:color></x:entry></x:feed>")
    assert found.vehicle == Vehicle(id="7", color="Red")


@pytest.mark.parametrize(
    ("template", "expected"),
    [("https://d.example/{store_code}", "https://d.example/S1"), ("/x/{store_code}", None)],
)
def test_link_template__is_filled_where_there_is_no_link(
    read: Any, template: str, expected: str | None
) -> None:
    found = read(f"id,store_code,link_template,image_link\n1,S1,{template},\n")
    assert found.vehicle.url == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("Condition=New", "New"),
        ("condition=n", "New"),
        ("condition=U", "Used"),
        ("condition=Pre-Owned", "Used"),
        ("condition=Certified Pre-Owned", "Certified"),
        ("condition=CERTIFIED_PRE_OWNED", "Certified"),
        ("state_of_vehicle=CPO;condition=EXCELLENT", "Certified"),
        ("itemCondition=http://schema.org/NewCondition", "New"),
        ("type=Used", "Used"),
        ("title=Certified Pre-Owned", "Certified"),
        ("condition=Used;certified_pre-owned=yes", "Certified"),
        ("condition=Used;certified=1", "Certified"),
        ("condition=Used;certified=N", "Used"),
        ("condition=New;certified=Y", "New"),
        ("condition=GOOD", None),
        ("vehicle_type=car_truck", None),
        ("condition=", None),
    ],
)
def test_condition__is_read_from_where_feeds_put_it(
    read: Any, fields: str, expected: str | None
) -> None:
    pairs = dict(pair.split("=") for pair in fields.split(";"))
    header, row = ",".join(pairs), ",".join(pairs.values())
    assert read(f"id,image_link,{header}\n1,,{row}\n").vehicle.condition == expected


@pytest.mark.parametrize("nothing", ["N/A", "null", "None", "-", "", "nan", " \ufeff"])
def test_words_for_nothing_are_no_values(read: Any, nothing: str) -> None:
    row = f'"{nothing}","{nothing}","{nothing}","{nothing}",1HGCM82633A004352\n'
    assert read(f"stock,title,color,images,vin\n{row}").vehicle == Vehicle(
        id="1HGCM82633A004352", vin="1HGCM82633A004352"
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1hgcm82633a004352", "1HGCM82633A004352"),
        ("1HG-CM8 2633A004352", "1HGCM82633A004352"),
        ("N/A", None),
        ("UNKNOWN", None),
        ("1HGCM82633A0043521", None),
        ("0", None),
    ],
)
def test_vin__what_cannot_be_one_is_dropped(read: Any, given: str, expected: str | None) -> None:
    assert read(f"id,vin,image\n1,{given},\n").vehicle.vin == expected


def test_long_body_types_fit_their_column(read: Any) -> None:
    assert read(f"id,body,image\n1,{'x' * 900},\n").vehicle.body_type == "x" * 200


def test_text__control_characters_and_halves_of_characters_are_taken_out(read: Any) -> None:
    found = read(r'[{"id": "a\u0000\nb", "title": "Red\ud800", "images": []}]')
    assert found.vehicle == Vehicle(id="a b", title="Red\ufffd")
