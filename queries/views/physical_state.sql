/*
name  = "physical_state"
uses  = ["sightings"]
about = { zh = "实物：每个货位最后一次见证", en = "the physical state: the last witness of every place" }
*/
SELECT location, arg_max(says, us) AS says, arg_max(pallet, us) AS pallet, max(us) AS us, count(*) AS witnesses
FROM sightings WHERE location IS NOT NULL GROUP BY location
